package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/backstop-project/backstop/twilio/sim"
)

// corpus is a set of signed, distinct requests as they go over the wire. Each
// may be sent again under another idempotency token: that is another failure.
type corpus struct {
	requests [][]byte
	tokenAt  []int
	params   int
	first    int // which of them is sent first
}

// after is the corpus for a server that has had n of them: a call that fails
// once more is another thing than a new one.
func (c *corpus) after(n int) corpus {
	rest := *c
	rest.first += n
	return rest
}

// hosts that fail, so that causes and incidents are several.
const failingHosts = 20

// newCorpus makes n of them, each from its own caller, with the parameters of
// a real voice request.
func newCorpus(n int) (corpus, error) {
	c := corpus{requests: make([][]byte, 0, n), tokenAt: make([]int, 0, n)}
	account := sim.Account{SID: accountSID, AuthToken: authToken}
	for i := range n {
		call := sim.Call{
			From: fmt.Sprintf("+1415%07d", i), To: fmt.Sprintf("+1800555%04d", i%1000),
			ErrorURL: fmt.Sprintf("https://www%d.example.com/voice/menu", i%failingHosts),
			// Twilio's token is long and random: counted apart.
			Changes: sim.Changes{Drop: []string{"CallToken"}, Add: sim.Params{{Name: "CallerName", Value: "CLARA EXAMPLE"}}},
		}
		request, err := call.Request(account, publicURL+"/fallback/voice")
		if err != nil {
			return c, err
		}
		c.params = len(request.Params)
		c.add(request)
	}
	return c, nil
}

func (c *corpus) add(r sim.Request) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST /fallback/voice HTTP/1.1\r\nHost: fallback.example.com\r\nContent-Length: %d\r\n", len(r.Body))
	for _, name := range []string{"Content-Type", "User-Agent", "Accept", "X-Twilio-Signature", "X-Home-Region"} {
		fmt.Fprintf(&b, "%s: %s\r\n", name, r.Header.Get(name))
	}
	b.WriteString("I-Twilio-Idempotency-Token: ")
	c.tokenAt = append(c.tokenAt, b.Len())
	b.WriteString(strings.Repeat("x", 36) + "\r\n\r\n")
	b.Write(r.Body)
	c.requests = append(c.requests, b.Bytes())
}

// request writes the i-th request into buffer, under a fresh token.
func (c *corpus) request(buffer []byte, i int, series uuid.UUID) []byte {
	i = (c.first + i) % len(c.requests)
	buffer = append(buffer[:0], c.requests[i]...)
	binary.BigEndian.PutUint32(series[12:], uint32(i)) //nolint:gosec // below the number of requests
	text, _ := series.MarshalText()                    // never fails
	copy(buffer[c.tokenAt[i]:], text)
	return buffer
}
