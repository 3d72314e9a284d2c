"use strict";
// Reads a JSON array of questions on standard input and writes one answer each:
// {op: "sign", token, url, params}                          -> the signature
// {op: "validate", token, url, params, signature}           -> true or false
// {op: "validateBody", token, url, body, signature}         -> true or false
// params is a list of [name, value].
const twilio = require("twilio/lib/webhooks/webhooks");

function toObject(params) {
  const object = Object.create(null);
  for (const [name, value] of params || []) {
    if (!(name in object)) object[name] = value;
    else if (Array.isArray(object[name])) object[name].push(value);
    else object[name] = [object[name], value];
  }
  return object;
}

function answer(q) {
  switch (q.op) {
    case "sign":
      return twilio.getExpectedTwilioSignature(q.token, q.url, toObject(q.params));
    case "validate":
      return twilio.validateRequest(q.token, q.signature, q.url, toObject(q.params));
    case "validateBody":
      return twilio.validateRequestWithBody(q.token, q.signature, q.url, q.body);
    default:
      throw new Error(`unknown op ${q.op}`);
  }
}

const questions = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(questions.map(answer)));
