package lane_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/handlers/lane"
)

// What it costs to serve a request of 29 parameters and its answer, without the
// handler's own work, beside net/http: both with the client's part in it.
func BenchmarkServing(b *testing.B) {
	answer := []byte(strings.Repeat("<Say>words</Say>", 20))
	form := strings.Repeat("Parameter=a+value%2B&", 60)
	request := []byte(plain[:len(plain)-len("Content-Length: 7\r\n")] + "X-Twilio-Signature: abcdefghijklmnopqrstuvwxyz0=\r\n" +
		"I-Twilio-Idempotency-Token: 5a1e7ab6-90f4-4d4b-9a08-2d1b6f4f5c11\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n" +
		"Content-Length: " + strconv.Itoa(len(form)) + "\r\n\r\n" + form)
	handle := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header()["Content-Type"] = []string{"text/xml"}
		_, _ = w.Write(answer)
	})
	server := newServer(handle)
	onLane := lane.New(server, "/fallback")
	for name, serve := range map[string]func(net.Listener) error{
		"lane":    func(l net.Listener) error { return onLane.Serve(reread{l}) },
		"nethttp": newServer(handle).Serve,
	} {
		b.Run(name, func(b *testing.B) {
			l := listen(b)
			go func() { _ = serve(l) }()
			conn, err := new(net.Dialer).DialContext(b.Context(), "unix", l.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			defer conn.Close()
			in := bufio.NewReader(conn)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := conn.Write(request); err != nil {
					b.Fatal(err)
				}
				for length := 0; ; {
					line, err := in.ReadSlice('\n')
					if err != nil {
						b.Fatal(err)
					}
					if value, found := strings.CutPrefix(string(line), "Content-Length: "); found {
						length, _ = strconv.Atoi(strings.TrimSpace(value))
					}
					if len(line) == 2 {
						_, _ = in.Discard(length)
						break
					}
				}
			}
		})
	}
}
