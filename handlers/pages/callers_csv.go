package pages

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/twilio"
)

// callersCSV is a list as a file for Excel and LibreOffice: UTF-8 that says so,
// CRLF, every text quoted, telephone numbers with their plus, and nothing that
// is taken for a formula. Why so: docs/adr/0073.
func callersCSV(rows []history.CallerRow, zone *time.Location) []byte {
	var b bytes.Buffer
	b.WriteString("\ufeff")
	writeCSV(&b, "Number", "Line", "Name of the line", "Calls", "Messages", "First", "Last", "Outcome", "Wrote", "Voicemail", "Transcript",
		"State", "Note", "Claimed by", "Changed by", "Changed", "Failure")
	for _, r := range rows {
		left, words := make([]string, 0, len(r.Recordings)), make([]string, 0, len(r.Recordings))
		for _, recording := range r.Recordings {
			left = append(left, recordingWords(recording, false))
			words = append(words, recording.Transcript)
		}
		writeCSV(&b, telephone(r.Person), telephone(r.Line), history.Harmless(r.Name), r.Calls, r.Messages, momentIn(r.FirstAt, zone).Text, momentIn(r.LastAt, zone).Text,
			cameOf(r), history.Harmless(r.Wrote), strings.Join(left, "; "), history.Harmless(strings.Join(words, "\n")),
			r.State().String(), history.Harmless(r.Callback.Note), history.Harmless(r.Callback.ClaimedBy), history.Harmless(r.Callback.By), momentIn(r.Callback.At, zone).Text, r.Newest.String())
	}
	return b.Bytes()
}

// writeCSV writes one line: numbers bare, texts quoted.
func writeCSV(b *bytes.Buffer, cells ...any) {
	for i, cell := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		switch cell := cell.(type) {
		case int64:
			b.WriteString(strconv.FormatInt(cell, 10))
		case string:
			b.WriteByte('"')
			b.WriteString(strings.ReplaceAll(cell, `"`, `""`))
			b.WriteByte('"')
		}
	}
	b.WriteString("\r\n")
}

// telephone has a tab before a number, which keeps it a text, and with it the
// plus. It is digits and nothing else, so that it is no formula either.
func telephone(address string) string {
	if twilio.IsE164(address) {
		return "\t" + address
	}
	return history.Harmless(address)
}

// oneBreak ends lines in one way.
func oneBreak(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }
