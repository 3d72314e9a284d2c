package twilio

const (
	lookAtXML   = "`curl -sSf -m 15 -d '' URL | xmllint --noout -`"
	lookAtTwiML = "Look at the TwiML that was sent for this call or message, under its entry in the Console: " + ConsoleErrors
)

// documentCodes: a document came, and Twilio could not use it. Sorted by number.
var documentCodes = []Code{
	{
		Number: 11750, Name: "answer too large", Phrase: "sends too large an answer",
		Means:      "The answer is larger than 64 kB. That is rarely TwiML: often it is an error page or a web page.",
		FirstThing: "See what comes: " + lookAtBody + ". If it is TwiML, split it with Redirect.",
	},
	{
		Number: 11751, Name: "media too large", Phrase: "sends too large a file",
		Means:      "A picture or file is larger than the messaging provider takes, or so large that it was cut off.",
		FirstThing: "Make the file smaller than 5 MB (WhatsApp: 16 MB), or send a link to it.",
	},
	{
		Number: 11770, Name: "empty answer", Phrase: "sends an empty answer",
		Means:      "The server said that an answer follows, and none did. Usually the application ended without writing anything.",
		FirstThing: "See it: `curl -sSi -m 15 -d '' URL`. If the body is empty, read the application's log; where nothing is meant, it should send <Response/>.",
	},
	{
		Number: 12100, Name: "TwiML cannot be read", Phrase: "sends unreadable TwiML",
		Means:      "The answer is no well-formed XML: an HTML error page, something before <?xml, an & that is not escaped, or a tag left open.",
		FirstThing: "Let it be checked: " + lookAtXML + " names line and column. If it looks like a web page, read the application's log.",
	},
	{
		Number: 12101, Name: "unknown XML version", Phrase: "sends a wrong XML version",
		Means:      "The first line of the answer names a version that Twilio does not read.",
		FirstThing: "Let the answer begin with exactly <?xml version=\"1.0\" encoding=\"UTF-8\"?>; see it with " + lookAtBody + ".",
	},
	{
		Number: 12102, Name: "no Response at the root", Short: "XML that is no TwiML", Phrase: "sends XML that is no TwiML",
		Means:      "The answer is XML, but its outermost element is not Response with a capital R. Often it is a feed, a SOAP fault or an XHTML page.",
		FirstThing: "See what comes: " + lookAtBody + ". If it is some other page, the address or the routing is wrong.",
	},
	{
		Number: 12200, Name: "TwiML with mistakes", Phrase: "sends TwiML with mistakes",
		Means:      "The document has a verb or attribute that TwiML does not know, or voice verbs in an answer to a message. Twilio left it out and went on.",
		FirstThing: lookAtTwiML,
	},
	{
		Number: 12300, Name: "wrong Content-Type", Phrase: "sends a wrong Content-Type",
		Means:      "The answer says that it is something other than XML, such as JSON or HTML. Twilio takes text/xml, application/xml, and audio to play.",
		FirstThing: "See it: `curl -sSi -m 15 -d '' URL | grep -i ^content-type`. Then let the application send text/xml.",
	},
	{
		Number: 12301, Name: "wrong type of an upload", Short: "wrong file type", Phrase: "sends a wrong file type",
		Means:      "A file was to be taken over whose type Twilio does not take there.",
		FirstThing: "See which file and type in the Console: " + ConsoleErrors,
	},
	{
		Number: 12400, Name: "failure inside Twilio", About: "Twilio", Phrase: "had an internal failure",
		Means:      "Something broke at Twilio itself, while it read or carried out a document. Your server need not be at fault.",
		FirstThing: "Look at " + StatusPage + ". If nothing is said there and it goes on, write to Twilio's support with the SID of a call.",
	},
	{
		Number: 13201, Name: "Dial inside a Dial", Phrase: "dials within a Dial",
		Means:      "A document that runs on the line of the person called, before the two are connected, has a Dial in it. There it is not allowed.",
		FirstThing: "Take the Dial out of the document behind the url attribute of Number, Client or Sip.",
	},
	{
		Number: 13214, Name: "caller ID not usable", Phrase: "dials with a bad caller ID",
		Means:      "The callerId of a Dial is not a number of this account, not verified, and not the caller's own. The call may be refused on the way.",
		FirstThing: "Set callerId to one of your Twilio numbers, in international form (+…).",
	},
	{
		Number: 13223, Name: "number not well formed", Phrase: "dials an invalid number",
		Means:      "The number in a Dial is not written in a form that Twilio understands.",
		FirstThing: "Write it in international form: +, country code, number, no spaces. See it in the Console: " + ConsoleErrors,
	},
	{
		Number: 13224, Name: "number cannot be called", Short: "unreachable number", Phrase: "dials an invalid number",
		Means:      "The number in a Dial is not in international form, does not exist, or none of Twilio's carriers can reach it now.",
		FirstThing: "See the number in the Console and call it from a phone; write it as +, country code, number: " + ConsoleErrors,
	},
	{
		Number: 13225, Name: "number blocked", Phrase: "dials a blocked number",
		Means:      "Twilio does not put this call through: high risk of fraud, regulation, or, for +1, no approved customer profile for the account.",
		FirstThing: "See whether a customer profile is wanted (Console, Trust Hub); for a number that is wrongly blocked write to Twilio's support.",
	},
	{
		Number: 13226, Name: "unknown country code", Phrase: "dials an unknown country",
		Means:      "The number in a Dial begins with a country code that does not exist. Often the + or the country code was left out.",
		FirstThing: "Write the number in international form: +, country code, number.",
	},
	{
		Number: 13227, Name: "country not permitted", Phrase: "dials a forbidden country",
		Means:      "The account may not call that country or that kind of number: its geographic permissions do not have it.",
		FirstThing: "Permit the country in the Console: Voice, Settings, Geo permissions. Sub-accounts have a list of their own.",
	},
	{
		Number: 13233, Name: "unusable waitUrl", Phrase: "names a bad waitUrl",
		Means:      "The address of the music or text for those who wait in a conference is no valid one.",
		FirstThing: lookAtTwiML,
	},
	{
		Number: 13238, Name: "verb not allowed while waiting", Short: "unusable hold TwiML", Phrase: "sends unusable hold TwiML",
		Means:      "The document for people who wait, are on hold or hear an announcement has a verb in it that is not allowed there.",
		FirstThing: "Leave only Play, Say, Pause and Redirect in the document behind waitUrl, holdUrl or announceUrl.",
	},
	{
		Number: 13247, Name: "caller ID not usable", Phrase: "dials with a bad caller ID",
		Means:      "Twilio cannot show the number that the Dial wants to call from.",
		FirstThing: "Set callerId to one of your Twilio numbers, in international form (+…).",
	},
	{
		Number: 13325, Name: "audio not playable", Phrase: "sends unplayable audio",
		Means:      "What a Play inside a Gather names is not audio, by its Content-Type.",
		FirstThing: "See the type of the file: `curl -sSI` with its address. It should be audio/mpeg or audio/wav.",
	},
	{
		Number: 13420, Name: "audio not playable", Phrase: "sends unplayable audio",
		Means:      "What a Play names is not audio, by its Content-Type. An error page in place of the file is the usual cause.",
		FirstThing: "See the type of the file: `curl -sSI` with its address. It should be audio/mpeg or audio/wav.",
	},
	{
		Number: 13521, Name: "text too long to say", Phrase: "sends too long a Say",
		Means:      "The text in a Say is longer than 4,096 characters, or 3,000 with some voices.",
		FirstThing: "Split the text over several Say elements; a variable that holds a whole page is a usual cause.",
	},
	{
		Number: 14101, Name: "reply to no valid number", Short: "bad reply number", Phrase: "replies to a bad number",
		Means:      "The “to” of a Message in the answer is no number or address that Twilio can send to.",
		FirstThing: lookAtTwiML,
	},
	{
		Number: 14102, Name: "reply from no valid sender", Short: "bad reply sender", Phrase: "replies from a bad number",
		Means:      "The “from” of a Message in the answer is no sender of this account.",
		FirstThing: lookAtTwiML,
	},
	{
		Number: 14103, Name: "reply without a valid text", Short: "bad reply text", Phrase: "sends a bad reply text",
		Means:      "The text of a Message in the answer is empty or longer than 1,600 characters.",
		FirstThing: lookAtTwiML,
	},
	{
		Number: 14106, Name: "too many documents", Phrase: "redirects without end",
		Means:      "One message led to more than 50 documents, each sending Twilio on to the next.",
		FirstThing: "Find the Redirect that leads back to itself. " + lookAtTwiML,
	},
	{
		Number: 14107, Name: "too many replies in a short time", Short: "too many replies", Phrase: "replies too often",
		Means:      "More than 15 replies went between the same two numbers in 30 seconds. Usually two machines answer each other.",
		FirstThing: "See the conversation in the Console and let the application stay silent to that number: " + ConsoleErrors,
	},
	{
		Number: 14108, Name: "sender cannot send messages", Short: "reply from voice line", Phrase: "replies from a voice line",
		Means:      "The number that was to send the reply cannot send messages.",
		FirstThing: "See in the Console what the number can do, and reply from one that can send messages.",
	},
	{
		Number: 14109, Name: "too many replies in one answer", Short: "too many replies", Phrase: "sends too many replies",
		Means:      "The answer to one message has more than 10 replies in it; the rest was not sent.",
		FirstThing: "Send at most 10 Message elements in an answer, and the others by the REST API.",
	},
	{
		Number: 14110, Name: "verb not for messages", Phrase: "answers with voice TwiML",
		Means:      "The answer to a message has a verb in it that only calls have.",
		FirstThing: "See whether the messaging address of the number leads to the voice part of the application.",
	},
	{
		Number: 14111, Name: "trial account", Phrase: "replies on a trial account",
		Means:      "A trial account may only send to numbers that were verified.",
		FirstThing: "Verify the number in the Console, or upgrade the account.",
	},
}
