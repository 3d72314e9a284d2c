package twilio

import "strings"

// codeRanges speak for codes without an entry; the first that holds one counts.
var codeRanges = []codeRange{
	{10000, 10999, Code{
		Name: "trouble with the account", About: aboutAccount, Phrase: "has a problem",
		Means:      "Twilio could not go on because of the account itself, not because of your server.",
		FirstThing: "Log in to https://console.twilio.com and look for a notice; then Billing.",
	}},
	{11000, 11299, Code{
		Name: "no document", Phrase: "gives no usable answer",
		Means:      "Twilio asked the server for a document and got none.",
		FirstThing: "From outside your network run " + lookAtAnswer + ", then read the server's error log from the first failure on.",
	}},
	{11300, 11399, Code{
		Name: "webhook set up wrongly", About: "a webhook setting", Phrase: "is not usable",
		Means:      "Twilio wanted to call a webhook and could not make an address of its setting.",
		FirstThing: "See which one in the Console and set its address anew: " + ConsoleErrors,
	}},
	{11400, 11999, Code{
		Name: "unusable answer", Phrase: "sends an unusable answer",
		Means:      "The server answered, but not with anything that Twilio can use.",
		FirstThing: "See what comes: " + lookAtBody + ".",
	}},
	{12000, 12199, Code{
		Name: "TwiML cannot be read", Phrase: "sends unreadable TwiML",
		Means:      "The answer is not the XML that Twilio reads.",
		FirstThing: "Let it be checked: " + lookAtXML + " names line and column.",
	}},
	{12200, 12299, Code{
		Name: "TwiML with mistakes", Phrase: "sends TwiML with mistakes",
		Means:      "The document has something in it that TwiML does not know. Twilio left it out and went on.",
		FirstThing: lookAtTwiML,
	}},
	{12300, 12399, Code{
		Name: "wrong Content-Type", Phrase: "sends a wrong Content-Type",
		Means:      "The answer says that it is something other than Twilio expects there.",
		FirstThing: "See it: `curl -sSi -m 15 -d '' URL | grep -i ^content-type`. Then let the application send text/xml.",
	}},
	{12400, 12999, Code{
		Name: "failure inside Twilio", About: "Twilio", Phrase: "had an internal failure",
		Means:      "Something broke at Twilio itself.",
		FirstThing: "Look at " + StatusPage + ".",
	}},
	verbCodes(13000, 13199, "a conference", "sends a faulty conference"),
	verbCodes(13200, 13299, "Dial", "sends a faulty Dial"),
	verbCodes(13300, 13399, "Gather", "sends a faulty Gather"),
	verbCodes(13400, 13499, "Play", "sends a faulty Play"),
	verbCodes(13500, 13599, "Say", "sends a faulty Say"),
	verbCodes(13600, 13699, "Record", "sends a faulty Record"),
	verbCodes(13700, 13799, "Redirect", "sends a faulty Redirect"),
	verbCodes(13800, 13999, "one of its verbs", "sends TwiML with mistakes"),
	{14100, 14199, Code{
		Name: "faulty reply", Phrase: "sends a faulty reply",
		Means:      "A Message in the answer could not be sent as it stands.",
		FirstThing: lookAtTwiML,
	}},
	verbCodes(14000, 14999, "one of its verbs", "sends TwiML with mistakes"),
	{15000, 15999, Code{
		Name: "status callback failed", Phrase: "fails status callbacks",
		Means:      "Your server did not answer a callback about a call as it should. The call itself went on.",
		FirstThing: "From outside your network run " + lookAtAnswer + ", then read the application's log.",
	}},
	{16000, 16999, Code{
		Name: "conference trouble", Phrase: "has conference trouble",
		Means:      "Something about a conference, or a callback that told of it, failed.",
		FirstThing: "See the conference in the Console: " + ConsoleErrors,
	}},
	{20000, 29999, Code{
		Name: "API request refused", About: "an API request", Phrase: "was refused",
		Means: "A program of yours asked Twilio's API for something that it did not do.",
	}},
	{30000, 30999, Code{
		Name: "message not delivered", About: aboutMessage, Phrase: "was not delivered",
		Means: "Twilio took the message and could not deliver it.",
	}},
	{31000, 31999, Code{
		Name: "trouble with a Voice SDK or SIP user", About: "a Voice SDK or SIP user", Phrase: "has a problem",
		Means: "An app, browser or SIP phone lost its connection to Twilio or could not make one.",
	}},
	{32000, 32999, Code{
		Name: "SIP trouble", About: "a SIP connection", Phrase: "has a problem",
		Means: "Twilio and your SIP equipment, or the trunk between them, did not come together.",
	}},
	{40000, 49999, Code{
		Name: "TaskRouter or call feature trouble", About: "a Twilio product", Phrase: "reports an error",
		Means: "A product that runs at Twilio, such as TaskRouter, could not do its part.",
	}},
	{63000, 63999, Code{
		Name: "message not delivered", About: aboutMessage, Phrase: "was not delivered",
		Means: "WhatsApp, Messenger, RCS or another channel did not take the message.",
	}},
	{81000, 81999, Code{
		Name: "Studio trouble", About: aboutStudio, Phrase: "ran into an error",
		Means:      "A widget of a Studio flow could not do its part.",
		FirstThing: "Open the flow's log in the Console and look for the widget with the error.",
	}},
	{82000, 82999, Code{
		Name: "Function trouble", About: aboutFunction, Phrase: "ran into an error",
		Means:      "A Twilio Function did not end as it should.",
		FirstThing: seeFunctionLog,
	}},
}

// verbCodes: mostly warnings about an attribute, after which Twilio goes on.
func verbCodes(first, last int, verb, phrase string) codeRange {
	return codeRange{first, last, Code{
		Name: "mistake in " + verb, Short: strings.TrimPrefix(strings.TrimPrefix(phrase, "sends "), "a "), Phrase: phrase,
		Means:      "The document came, but something in it about " + verb + " is not as Twilio wants it. Mostly it leaves that out and goes on.",
		FirstThing: lookAtTwiML,
	}}
}
