package twiml

// Message replies to the message that Twilio asked about, or writes to To.
type Message struct {
	Body           string
	Media          []string // URLs
	To, From       string
	Action, Method string
	StatusCallback string
}

func (v Message) appendTo(dst []byte) []byte {
	dst = append(dst, "<Message"...)
	dst = appendAttr(dst, "to", v.To)
	dst = appendAttr(dst, "from", v.From)
	dst = appendAttr(dst, "action", v.Action)
	dst = appendAttr(dst, "method", v.Method)
	dst = appendAttr(dst, "statusCallback", v.StatusCallback)
	dst = append(dst, '>')
	if v.Body != "" {
		dst = append(dst, "<Body"...)
		dst = appendBody(dst, v.Body, "Body")
	}
	for _, url := range v.Media {
		dst = append(dst, "<Media"...)
		dst = appendBody(dst, url, "Media")
	}
	return append(dst, "</Message>"...)
}
