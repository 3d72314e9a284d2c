package lane_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

const (
	host  = "Host: fallback.example.com\r\n"
	plain = "POST /fallback/voice HTTP/1.1\r\n" + host + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n"
	call  = "\r\nCallSid"
)

// requests are what may come on a connection, and how many of them the lane
// answers itself.
func requests() []struct {
	claim, raw string
	lane       int
} {
	to := func(target string) string {
		return "POST " + target + " HTTP/1.1\r\n" + host + "Content-Length: 7\r\n" + call
	}
	return []struct {
		claim, raw string
		lane       int
	}{
		{"a plain request", plain + call, 1},
		{"a query belongs to the address", to("/fallback/voice?line=3&to=%2B49%20x"), 1},
		{"an empty query", to("/fallback/voice?"), 1},
		{"a token in the path", to("/fallback/voice/dialled/a-b_c.d~E9"), 1},
		{"whatever begins like the address", to("/fallbacks"), 1},
		{"names in small letters", "POST /fallback/voice HTTP/1.1\r\nhost: x\r\nx-twilio-signature: abc=\r\ncontent-length: 7\r\n" + call, 1},
		{"names of any case", strings.ReplaceAll(plain, "Content-", "cONTENT-") + "x-twilio-signature: abc=\r\n" + call, 1},
		{"a space or none before a value, and behind it", plain + "X-A:b\r\nX-B: \t c \t\r\nX-Empty:\r\n" + call, 1},
		{"the connection is to be kept", plain + "Connection: Keep-Alive\r\n" + call, 1},
		{"the connection is to be closed", plain + "Connection: close\r\n" + call, 1},
		{"a port of the host", strings.Replace(plain, "example.com", "example.com:8443", 1) + call, 1},
		{"zeros before the length", strings.Replace(plain, "Length: ", "Length: 00", 1) + call, 1},
		{"nothing but a status", to("/fallback/nothing"), 1},
		{"an answer without content", to("/fallback/no-content"), 1},
		{"an answer without a type", to("/fallback/typeless"), 1},
		{"an answer with two statuses", to("/fallback/twice"), 1},
		{"an answer whose header would have another line", to("/fallback/lines"), 1},
		{"an answer that is measured", to("/fallback/measured"), 1},
		{"an answer that is sent by the handler", to("/fallback/sent"), 1},
		{"an answer that goes on behind what was sent", to("/fallback/sent-too-much"), 1},
		{"an answer that is sent without content", to("/fallback/sent-empty"), 1},
		{"a long answer", to("/fallback/long"), 1},
		{"the last answer, by the handler", to("/fallback/last"), 1},

		{"a first line in small letters", strings.ToLower(plain) + call, 0},
		{"another method", strings.Replace(plain, "POST", "GET", 1) + call, 0},
		{"another address", to("/history"), 0},
		{"another address behind ours", to("/x/fallback"), 0},
		{"an address with a host", to("http://fallback.example.com/fallback/voice"), 0},
		{"an escaped path", to("/fallback/%76oice"), 0},
		{"a path that is escaped wrongly", to("/fallback/%zz"), 0},
		{"a fragment", to("/fallback/voice#x"), 0},
		{"a fragment behind a query", to("/fallback/voice?a#x"), 0},
		{"a space in the address", to("/fallback/voice x"), 0},
		{"two spaces in the first line", strings.Replace(plain, " HTTP", "  HTTP", 1) + call, 0},
		{"letters that are none of ASCII", to("/fallback/vöice"), 0},
		{"an older HTTP", strings.Replace(plain, "1.1", "1.0", 1) + call, 0},
		{"a newer HTTP", strings.Replace(plain, "1.1", "2.0", 1) + call, 0},
		{"no host", strings.Replace(plain, host, "", 1) + call, 0},
		{"an empty host", strings.Replace(plain, host, "Host: \r\n", 1) + call, 0},
		{"two hosts", plain + host + call, 0},
		{"a host that is none", strings.Replace(plain, "fallback.", "a/b@", 1) + call, 0},
		{"a header twice", plain + "X-A: 1\r\nX-A: 2\r\n" + call, 0},
		{"two lengths", plain + "Content-Length: 7\r\n" + call, 0},
		{"two lengths that differ", plain + "Content-Length: 3\r\n" + call, 0},
		{"a length with a sign", strings.Replace(plain, ": 7", ": +7", 1) + call, 0},
		{"a length that is no number", strings.Replace(plain, ": 7", ": 0x7", 1) + call, 0},
		{"a length beyond all numbers", strings.Replace(plain, ": 7", ": 99999999999999999999", 1) + call, 0},
		{"an empty length", strings.Replace(plain, ": 7", ":", 1) + call, 0},
		{"no length", strings.Replace(plain, "Content-Length: 7\r\n", "", 1) + call, 0},
		{"no body", strings.Replace(plain, ": 7", ": 0", 1) + "\r\n", 0},
		{"a body that ends early", plain + "\r\nCall", 0},
		{"two requests at once", plain + call + plain + call, 0},
		{"a length and chunks", plain + "Transfer-Encoding: chunked\r\n\r\n7\r\nCallSid\r\n0\r\n\r\n", 0},
		{"chunks of as many bytes as the length says", plain + "Transfer-Encoding: chunked\r\n" + call, 0},
		{"no address", to(""), 0},
		{"chunks in small letters", plain + "transfer-encoding: chunked\r\n\r\n7\r\nCallSid\r\n0\r\n\r\n", 0},
		{"chunks behind a space", plain + "Transfer-Encoding : chunked\r\n" + call, 0},
		{"a name that is none", plain + "X A: b\r\n" + call, 0},
		{"no name", plain + ": b\r\n" + call, 0},
		{"a line without a colon", plain + "X-A\r\n" + call, 0},
		{"a folded line", plain + "X-A: b\r\n c\r\n" + call, 0},
		{"a line that ends without a return", plain + "X-A: b\nX-B: c\r\n" + call, 0},
		{"a return within a line", plain + "X-A: b\rX-B: c\r\n" + call, 0},
		{"a zero in a value", plain + "X-A: \x00\r\n" + call, 0},
		{"a value of other letters", plain + "X-A: ü\r\n" + call, 0},
		{"it waits to be asked for the body", plain + "Expect: 100-continue\r\n" + call, 0},
		{"another protocol is wanted", plain + "Connection: Upgrade\r\nUpgrade: h2c\r\n" + call, 0},
		{"a connection with several wishes", plain + "Connection: close, X-A\r\n" + call, 0},
		{"Pragma, which means Cache-Control", plain + "Pragma: no-cache\r\n" + call, 0},
		{"more header fields than anybody sends", plain + fields(65) + call, 0},
		{"a header that is too long for the lane", plain + "X-A: " + strings.Repeat("a", 5000) + "\r\n" + call, 0},
		{"half a header", "POST /fallback/voice HTTP/1.1\r\nHost: x", 0},
		{"not HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 0},
		{"nothing", "", 0},
		{"an empty line before it", "\r\n" + plain + call, 0},
	}
}

// What was said on a connection before is nothing to those who speak on it next.
func FuzzTheNextRequestIsReadAsNetHTTPDoes(f *testing.F) {
	for _, test := range requests() {
		f.Add("", test.raw)
		f.Add("X-A: 1\r\nX-Twilio-Signature: abc=\r\n", test.raw)
	}
	f.Add("Connection: keep-alive\r\n", "\r\n"+plain+call)
	with, without := serveBoth(f, func() {})
	f.Fuzz(func(t *testing.T, header, second string) {
		first := plain + header + call
		if len(first)+len(second) > 4<<10 || !isOne(first) {
			return // answered, or not, without a second one
		}
		if len(second) < 4 {
			return // net/http answers nothing to so little, and the lane that it is no request
		}
		if got, want := askTwice(t, with, first, second), askTwice(t, without, first, second); got != want {
			t.Errorf("%q, then %q, are answered\n%s\nnet/http answers\n%s", first, second, got, want)
		}
	})
}

// isOne says whether net/http reads one request there, and nothing behind it.
func isOne(raw string) bool {
	in := bufio.NewReader(strings.NewReader(raw))
	request, err := http.ReadRequest(in)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, request.Body)
	return err == nil && in.Buffered() == 0
}

// fields are n lines of a header.
func fields(n int) string {
	var all strings.Builder
	for i := range n {
		all.WriteString("X-")
		all.WriteString(strings.Repeat("a", i+1))
		all.WriteString(": b\r\n")
	}
	return all.String()
}

func TestTheLaneAnswersAsNetHTTPDoes(t *testing.T) {
	t.Parallel()
	for _, test := range requests() {
		t.Run(test.claim, func(t *testing.T) {
			t.Parallel()
			var onLane atomic.Int64
			with, without := serveBoth(t, func() { onLane.Add(1) })
			got, want := ask(t, with, test.raw), ask(t, without, test.raw)
			if got != want {
				t.Errorf("answered\n%s\nnet/http answers\n%s", got, want)
			}
			if onLane.Load() != int64(test.lane) {
				t.Errorf("%d requests went by the lane, want %d", onLane.Load(), test.lane)
			}
		})
	}
}

// Strangers choose what comes: it must be read as net/http reads it.
func FuzzTheLaneAnswersAsNetHTTPDoes(f *testing.F) {
	for _, test := range requests() {
		f.Add(test.raw)
	}
	with, without := serveBoth(f, func() {})
	f.Fuzz(func(t *testing.T, raw string) {
		raw = raw[:min(len(raw), 4<<10)] // longer ones are not for the lane: net/http resets some of them
		if got, want := ask(t, with, raw), ask(t, without, raw); got != want {
			t.Errorf("%q is answered\n%s\nnet/http answers\n%s", raw, got, want)
		}
	})
}
