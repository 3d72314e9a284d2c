package twilio

// The commands that several entries name. -d ” has curl ask by POST, as Twilio
// does where nobody chose GET: a route for POST alone answers GET with 404 or
// 405, which is not what broke. Nothing is sent, and no query, for it may be
// somebody's.
const (
	lookAtAnswer = "`curl -sv -m 15 -o /dev/null -d '' URL` (by POST, as Twilio asks unless told otherwise; 403 may only mean that its signature is missing)"
	lookAtBody   = "`curl -sS -m 15 -d '' URL | head -c 500`"
	askByTLS     = "openssl s_client -connect HOST:PORT -servername HOST </dev/null"
)

// fetchCodes: Twilio asked a server and got no document. Sorted by number.
var fetchCodes = []Code{
	{
		Number: 11100, Name: "unusable address", About: "a webhook address", Phrase: "is not valid",
		Means:      "Twilio was given an address that is no complete URL: one of the number's, or an action or Redirect in the TwiML before it.",
		FirstThing: "Open the call or message in the Console and see which address is broken: " + ConsoleErrors,
	},
	{
		Number: 11200, Name: "no usable answer", Phrase: "gives no usable answer",
		Means:      "Twilio asked and got no TwiML back: an error status, no answer within 15 seconds, a broken connection, or an answer without a Content-Type.",
		FirstThing: "From outside your network run " + lookAtAnswer + ", then read the server's error log from the first failure on.",
	},
	{
		Number: 11201, Name: "connection timed out", Phrase: "cannot be reached",
		Means:      "Twilio's attempts to connect got no reply at all. The machine is down, or a firewall drops the packets.",
		FirstThing: "From outside your network run `nc -vz -w 5 HOST PORT`. If it times out, see whether the machine runs and which firewall rule changed last.",
	},
	{
		Number: 11202, Name: "connection refused", Phrase: "refuses connections",
		Means:      "The machine is up, but nothing listens on that port: the web server or the load balancer has stopped, or listens elsewhere.",
		FirstThing: "On the server run `ss -ltnp`. If nothing listens on port PORT, start the web server and read in its log why it stopped.",
	},
	{
		Number: 11203, Name: "total time used up", Phrase: "does not answer in time",
		Means:      "All attempts together took longer than they may: 15 seconds, or what tt= behind the # of the address says.",
		FirstThing: "Measure it: `curl -sS -m 20 -o /dev/null -w '%{time_connect} s to connect, %{time_total} s in all' -d '' URL`. If that is fast, tt= is too small.",
	},
	{
		Number: 11205, Name: "connection failed", Phrase: "does not answer Twilio",
		Means:      "Twilio could not connect within 10 seconds, or got no answer within 15, or the connection broke. A private address or localhost looks the same to it.",
		FirstThing: "From outside your network run " + lookAtAnswer + " and see how far it gets: name, connection, TLS, answer.",
	},
	{
		Number: 11206, Name: "not HTTP", Phrase: "does not speak proper HTTP",
		Means:      "Something answered, but not as HTTP. Often http is spoken on a port that is asked by https, or the other way round.",
		FirstThing: "Run " + lookAtAnswer + ", then the same with http and https exchanged: the one that works belongs into the address.",
	},
	{
		Number: 11210, Name: "unknown host name", Phrase: "has no DNS entry",
		Means:      "Twilio could not turn the name into an address: the record is gone, the domain has run out, its name servers are down, or there is a typing error.",
		FirstThing: "Ask a public name server: `dig +short HOST @1.1.1.1`. If nothing comes back, restore the record, or renew the domain at its registrar.",
	},
	{
		Number: 11215, Name: "too many redirects", Phrase: "redirects in circles",
		Means:      "The server sent Twilio on more than 10 times, which is nearly always a loop between http and https or with and without www.",
		FirstThing: "Follow it: `curl -sSiL -m 30 --max-redirs 12 -d '' URL | grep -i ^location`. Then give Twilio the last address, or mend the loop.",
	},
	{
		Number: 11216, Name: "unusable redirect", Phrase: "sends a bad redirect",
		Means:      "The server sent Twilio on in a way that it does not follow: it takes 301, 302, 303 and 307 with a valid Location.",
		FirstThing: "Look at status and Location: `curl -sSi -m 15 -d '' URL | head`. Better still, give Twilio the final address.",
	},
	{
		Number: 11217, Name: "error status", Phrase: "answers with an error",
		Means:      "The server answered with a status of 400 to 599. 5xx is the application or what stands behind it; 401, 403 and 429 are something in front that keeps Twilio out.",
		FirstThing: "See which: `curl -sS -m 15 -o /dev/null -w '%{http_code}' -d '' URL` (403 may only mean that it asks for Twilio's signature). For 5xx read the application's log, else look at login, firewall and rate limit.",
	},
	{
		Number: 11220, Name: "TLS handshake failed", Phrase: "fails the TLS handshake",
		Means:      "Twilio connected, but the two agreed on no encryption: no TLS 1.2 or newer, no certificate for that name, or a broken TLS set-up.",
		FirstThing: "Run `" + askByTLS + "` and undo what changed last in the TLS settings of server or load balancer.",
	},
	{
		Number: 11235, Name: "certificate of another name", Short: "wrong certificate", Phrase: "has the wrong certificate",
		Means:      "The host name that Twilio asked for is not in the certificate that the server shows.",
		FirstThing: "See which names it has: `" + askByTLS + " | openssl x509 -noout -ext subjectAltName`. Then install the one for HOST.",
	},
	{
		Number: 11236, Name: "certificate expired", Phrase: "has an expired certificate",
		Means:      "The certificate has run out, or it was renewed and the web server still shows the old one.",
		FirstThing: "Renew it (`certbot renew`, if that is yours), reload the web server, then check: `" + askByTLS + " | openssl x509 -noout -enddate`.",
	},
	{
		Number: 11237, Name: "certificate not trusted", Short: "untrusted certificate", Phrase: "has no trusted certificate",
		Means:      "The certificate does not lead to a public authority: the intermediate certificate is missing, or it signs itself. Browsers often forgive the first.",
		FirstThing: "Serve the full chain (fullchain.pem, not cert.pem), then check that `" + askByTLS + "` ends with “Verify return code: 0 (ok)”.",
	},
	{
		Number: 11240, Name: "unknown edge location", About: "a webhook address", Phrase: "names an unknown edge",
		Means:      "Behind the # of the address, e= names an edge location that Twilio does not have.",
		FirstThing: "Take e=… out of the part behind the #, or name an edge from https://www.twilio.com/docs/global-infrastructure/edge-locations.",
	},
	{
		Number: 11241, Name: "edge location not supported", About: "a webhook address", Phrase: "names a wrong edge",
		Means:      "Behind the # of the address, e= names an edge location that cannot be used for webhooks.",
		FirstThing: "Take e=… out of the part behind the #, or name an edge from https://www.twilio.com/docs/global-infrastructure/edge-locations.",
	},
	{
		Number: 11242, Name: "Interconnect not allowed", About: "a webhook address", Phrase: "may not use Interconnect",
		Means:      "Behind the # of the address, e= asks Twilio to come by a private Interconnect line, which this account may not use.",
		FirstThing: "Take e=… out of the part behind the #, or have Twilio's support allow Interconnect for this account.",
	},
	{
		Number: 11243, Name: "unusable retry policy", About: "a webhook address", Phrase: "has a bad retry policy",
		Means:      "Behind the # of the address, rp= or rc= is not one that Twilio knows.",
		FirstThing: "Correct the part behind the #: rp takes 4xx, 5xx, ct, rt and all, with commas between; rc takes 0 to 5.",
	},
	{
		Number: 11251, Name: "fatal protocol violation", Short: "broken HTTP", Phrase: "does not speak proper HTTP",
		Means:      "The server's answer broke HTTP in a way that Twilio could not get over, such as a wrong length or a garbled header.",
		FirstThing: "Run " + lookAtAnswer + " and read what curl complains about; a proxy or firewall in between is a usual suspect.",
	},
	{
		Number: 11321, Name: "webhook set up wrongly", About: "a webhook setting", Phrase: "is not usable",
		Means:      "Twilio wanted to call a webhook and found its setting incomplete or contradictory.",
		FirstThing: "See which one in the Console and set its address anew: " + ConsoleErrors,
	},
	{
		Number: 11322, Name: "webhook method not allowed", About: "a webhook setting", Phrase: "has a bad method",
		Means:      "A webhook is set to a method that Twilio does not use: it takes GET and POST.",
		FirstThing: "See which one in the Console and set its method to POST: " + ConsoleErrors,
	},
}
