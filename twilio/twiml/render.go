package twiml

import (
	"strconv"
	"time"
)

// appendAttr leaves an empty attribute out: for every verb here that means Twilio's default.
func appendAttr(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(dst, ' ')
	dst = append(dst, name...)
	dst = append(dst, '=', '"')
	dst = appendEscaped(dst, value, &inAttr)
	return append(dst, '"')
}

func appendCount(dst []byte, name string, count int) []byte {
	if count <= 0 {
		return dst
	}
	dst = append(dst, ' ')
	dst = append(dst, name...)
	dst = append(dst, '=', '"')
	dst = strconv.AppendInt(dst, int64(count), 10)
	return append(dst, '"')
}

// appendSeconds rounds up, so that half a second does not become Twilio's idea of 0.
func appendSeconds(dst []byte, name string, length time.Duration) []byte {
	seconds := length / time.Second
	if length%time.Second > 0 {
		seconds++
	}
	return appendCount(dst, name, int(seconds))
}

// appendBody ends the open start tag, writes text and closes the element.
func appendBody(dst []byte, text, tag string) []byte {
	if text == "" {
		return append(dst, "/>"...)
	}
	dst = append(dst, '>')
	dst = appendEscaped(dst, text, &inText)
	dst = append(dst, '<', '/')
	dst = append(dst, tag...)
	return append(dst, '>')
}
