package incident

// Wording is how an answer is to be worded: what the configuration says about
// the line, resolved for one failure. Nothing in it comes from a request.
type Wording struct {
	Name      string   // what callers know the line as; "" where nobody said
	Languages []string // tags, "de" or "fr-CA", one at least: said one after the other
	Voice     string   // Twilio's name of a voice; "" is the language's own
	Say       string   // own words instead of the apology's
	Play      string   // URL of a recording instead of the apology's words
	Hold      string   // URL of music for those who wait in a queue
}
