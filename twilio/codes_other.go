package twilio

const (
	aboutAccount   = "your Twilio account"
	aboutMessage   = "a message"
	aboutStudio    = "a Studio flow"
	aboutFunction  = "a Twilio Function"
	seeFunctionLog = "Read the Function's log: `twilio serverless:logs --tail`, or live logs in the Console."
)

// otherCodes: the account, the API, what was sent, what runs at Twilio. Sorted
// by number.
var otherCodes = []Code{
	{
		Number: 0, Name: "no error code", About: "Twilio", Phrase: "asked us first",
		Means: "The request says nothing of a failure. Backstop seems to be set as the primary address, so your own server was not asked at all.",
		FirstThing: "In the Console set your own server where it says “A call comes in” (or “A message comes in”), and Backstop only under “Primary handler fails”. " +
			"If Backstop is meant for the Disaster Recovery of a SIP trunk, that is right: then your SIP servers could not be reached.",
	},
	{
		Number: 10001, Name: "account not active", About: aboutAccount, Phrase: "is not active",
		Means:      "Twilio has suspended or closed the account, most often because its balance is used up.",
		FirstThing: "Log in to https://console.twilio.com and look for a notice; then Billing.",
	},
	{
		Number: 10002, Name: "not for trial accounts", About: aboutAccount, Phrase: "is a trial with limits",
		Means:      "A trial account may not use this feature.",
		FirstThing: "Upgrade the account in the Console, under Billing.",
	},
	{
		Number: 10003, Name: "call rejected, account not active", About: aboutAccount, Phrase: "is not active",
		Means:      "Callers are turned away because the account is suspended or closed, most often for want of balance.",
		FirstThing: "Log in to https://console.twilio.com and look for a notice; then Billing.",
	},
	{
		Number: 10004, Name: "too many calls at once", About: aboutAccount, Phrase: "is at its call limit",
		Means:      "More calls run at the same time than the account may have.",
		FirstThing: "Look in the Console at the calls in progress for ones that never end; for more at once, an approved customer profile is needed.",
	},
	{
		Number: 10005, Name: "voice switched off", About: aboutAccount, Phrase: "has calls switched off",
		Means:      "Twilio has disabled voice calls for this account.",
		FirstThing: "Look for Twilio's notice in the Console and the owner's e-mail, then write to its support.",
	},
	{
		Number: 15003, Name: "status callback failed", Phrase: "fails status callbacks",
		Means:      "Your server answered a status callback with an error or not at all. The call itself went on.",
		FirstThing: "From outside your network run " + lookAtAnswer + ", then read the application's log.",
	},
	{
		Number: 16011, Name: "conference callback failed", Short: "callbacks failed", Phrase: "fails conference callbacks",
		Means:      "Your server answered a callback about a conference with an error or not at all.",
		FirstThing: "From outside your network run " + lookAtAnswer + ", then read the application's log.",
	},
	{
		Number: 20003, Name: "login to the API refused", About: "a program of yours", Phrase: "cannot log in to Twilio",
		Means:      "It asked Twilio's API with an Account SID and a token or key that do not belong together, or that were revoked.",
		FirstThing: "Compare its credentials with the Console: Account, API keys and tokens. Look who rotated a token of late.",
	},
	{
		Number: 20429, Name: "too many API requests", About: "a program of yours", Phrase: "asks Twilio too often",
		Means:      "It asked Twilio's API more often than it may, and was turned away for a while.",
		FirstThing: "Find the loop that asks, and let it wait longer after each status 429.",
	},
	{
		Number: 21405, Name: "fallback without a first address", About: "a fallback address", Phrase: "needs a primary one",
		Means:      "A voice fallback can only be set together with the address that is asked first.",
		FirstThing: "Set VoiceUrl in the same request as VoiceFallbackUrl.",
	},
	{
		Number: 21406, Name: "fallback without a first address", About: "a fallback address", Phrase: "needs a primary one",
		Means:      "A messaging fallback can only be set together with the address that is asked first.",
		FirstThing: "Set SmsUrl in the same request as SmsFallbackUrl.",
	},
	{
		Number: 21610, Name: "recipient has opted out", About: aboutMessage, Phrase: "went to who wrote STOP",
		Means:      "The recipient asked to get no more messages from this sender, and Twilio keeps to it.",
		FirstThing: "Take the number off your list; it comes back by itself when its owner writes START.",
	},
	{
		Number: 30001, Name: "queue overflow", About: aboutMessage, Phrase: "did not fit the queue",
		Means:      "More messages waited for sending than the queue of the sender holds.",
		FirstThing: "Send more slowly, or spread over more senders in a messaging service.",
	},
	{
		Number: 30002, Name: "account suspended", About: aboutAccount, Phrase: "is suspended",
		Means:      "The account was suspended between accepting the message and sending it.",
		FirstThing: "Log in to https://console.twilio.com and look for a notice; then Billing.",
	},
	{
		Number: 30003, Name: "phone not reachable", About: aboutMessage, Phrase: "did not reach the phone",
		Means:      "The recipient's phone is switched off, without reception, or cannot take messages from this sender.",
		FirstThing: "Try a second number. If one does not work but others do, only its owner can help.",
	},
	{
		Number: 30004, Name: "message blocked", About: aboutMessage, Phrase: "was blocked",
		Means:      "The recipient, or the recipient's carrier, does not take messages from this sender.",
		FirstThing: "Ask the recipient by other means whether the number is blocked.",
	},
	{
		Number: 30005, Name: "unknown recipient", About: aboutMessage, Phrase: "has an unknown recipient",
		Means:      "The number is not in use, or its carrier does not know it.",
		FirstThing: "Check the number: it may be mistyped or given up.",
	},
	{
		Number: 30006, Name: "landline or unreachable carrier", About: aboutMessage, Phrase: "could not be received",
		Means:      "The number cannot get messages: it is a landline, or its carrier takes none from here.",
		FirstThing: "Call the number, or send to a mobile one.",
	},
	{
		Number: 30007, Name: "filtered as spam", About: aboutMessage, Phrase: "was filtered as spam",
		Means:      "Twilio or the carrier held the message to be unwanted and did not deliver it.",
		FirstThing: "Look at text and links (short links are filtered often), and whether the sender is registered for this traffic.",
	},
	{
		Number: 30008, Name: "not delivered, reason unknown", About: aboutMessage, Phrase: "was not delivered",
		Means:      "The carrier could not deliver the message and did not say why.",
		FirstThing: "Send a short plain text to the same number; if that fails too, give Twilio's support the message's SID.",
	},
	{
		Number: 30034, Name: "sender not registered", About: aboutMessage, Phrase: "has no registered sender",
		Means:      "The US number that sent it is not registered with a campaign (A2P 10DLC), so carriers turn it away.",
		FirstThing: "Add the number to a registered campaign: Console, Messaging, Regulatory compliance.",
	},
	{
		Number: 30121, Name: "messaging fallback missing", About: "a messaging service", Phrase: "has no fallback",
		Means:      "The first address failed, and no fallback was set to ask instead.",
		FirstThing: "Set Backstop's messaging address as the fallback of the number or messaging service.",
	},
	{
		Number: 30122, Name: "messaging fallback not valid", About: "a messaging service", Phrase: "has a bad fallback",
		Means:      "The first address failed, and the fallback is no address that Twilio can ask.",
		FirstThing: "Set the fallback of the number or messaging service anew, with https:// and the whole path.",
	},
	{
		Number: 57012, Name: "signature not valid", About: "a signed request", Phrase: "has a wrong signature",
		Means:      "A signature did not match what was sent: another token, another address, or parameters that were changed on the way.",
		FirstThing: "Check with the exact address that Twilio asked, every parameter untouched, and the account's primary Auth Token.",
	},
	{
		Number: 63016, Name: "outside the WhatsApp window", About: aboutMessage, Phrase: "came after the 24 h window",
		Means:      "More than 24 hours after the customer last wrote, WhatsApp takes approved templates only.",
		FirstThing: "Send an approved template instead, or wait until the customer writes.",
	},
	{
		Number: 81010, Name: "Function could not be run", About: aboutStudio, Phrase: "could not run a Function",
		Means:      "Studio got no good answer from a Function: an error, no callback in time, or trouble at Twilio.",
		FirstThing: seeFunctionLog,
	},
	{
		Number: 81016, Name: "HTTP request failed", About: aboutStudio, Phrase: "got no good HTTP answer",
		Means:      "The server that a Make HTTP Request widget asked answered with an error or not in time.",
		FirstThing: "Find the widget in the flow's log in the Console and ask the same address with `curl -i`.",
	},
	{
		Number: 81017, Name: "Function answered with an error", About: aboutStudio, Phrase: "got a Function's error",
		Means:      "The Function that the flow asked answered with an error or ran out of time.",
		FirstThing: seeFunctionLog,
	},
	{
		Number: 82001, Name: "Function answered 4xx", About: aboutFunction, Phrase: "answers with 4xx",
		Means:      "A Function answered with a status of 400 to 499.",
		FirstThing: seeFunctionLog,
	},
	{
		Number: 82002, Name: "Function answered 5xx", About: aboutFunction, Phrase: "answers with 5xx",
		Means:      "A Function answered with a status of 500 to 599: it ran out of time, threw an error or never called its callback.",
		FirstThing: seeFunctionLog,
	},
	{
		Number: 82004, Name: "Function wrote a warning", About: aboutFunction, Phrase: "wrote a warning",
		Means:      "A Function's code wrote to console.warn. What that means, only its author knows.",
		FirstThing: seeFunctionLog,
	},
	{
		Number: 82005, Name: "Function wrote an error", About: aboutFunction, Phrase: "wrote an error",
		Means:      "A Function's code wrote to console.error. What that means, only its author knows.",
		FirstThing: seeFunctionLog,
	},
}
