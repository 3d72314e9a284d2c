// What most people would write in Express, and write well: Twilio's library
// checks the signature, a transaction of SQLite takes the failure, as durable as
// Backstop's, before it is answered. node server.mjs ADDRESS DIR TOKEN URL ANSWER
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import express from "express";
import twilio from "twilio";

const [address, dir, token, url, answer] = process.argv.slice(2);
const document = readFileSync(answer, "utf8");

const db = new Database(join(dir, "express.db"));
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.exec(`
  CREATE TABLE failures (
    id TEXT PRIMARY KEY, received_at INTEGER NOT NULL, call_sid TEXT NOT NULL, from_number TEXT NOT NULL, to_number TEXT NOT NULL,
    error_code TEXT NOT NULL, error_url TEXT NOT NULL, parameters TEXT NOT NULL
  );
  CREATE INDEX failures_received ON failures (received_at);
  CREATE INDEX failures_call ON failures (call_sid);
  CREATE INDEX failures_from ON failures (from_number);
`);
const insert = db.prepare(`
  INSERT INTO failures (id, received_at, call_sid, from_number, to_number, error_code, error_url, parameters)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)
`);
const store = db.transaction((params) => {
  insert.run(
    randomUUID(), Date.now(), params.CallSid, params.From ?? "", params.To ?? "",
    params.ErrorCode ?? "", params.ErrorUrl ?? "", JSON.stringify(params),
  );
});

const app = express();
app.disable("x-powered-by");
app.use(express.urlencoded({ extended: false }));
app.post("/fallback/voice", (request, response) => {
  const signature = request.get("X-Twilio-Signature") ?? "";
  if (!twilio.validateRequest(token, signature, url + request.originalUrl, request.body)) {
    response.status(403).send("the signature does not match");
    return;
  }
  store.immediate(request.body);
  response.type("text/xml").send(document);
});

const [host, port] = address.split(":");
const server = app.listen(Number(port), host);
process.on("SIGTERM", () => {
  server.closeAllConnections();
  server.close(() => db.close());
});
