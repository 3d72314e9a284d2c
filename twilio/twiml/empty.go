package twiml

// Empty says whether doc has no verb, so that Twilio does nothing with it but
// end the call, or send no reply. What cannot be read is empty.
func Empty(doc []byte) bool {
	s := newScanner(doc)
	for elements := 0; elements < 2; {
		if f := s.next(); f != nil || s.token.kind == endOfDocument {
			return true
		}
		if s.token.kind == startTag {
			elements++
		}
	}
	return false
}
