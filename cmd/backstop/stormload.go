package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/sim"
)

// stormWorkers is how many requests are under way at a time.
const stormWorkers = 32

// storm sends the failures, and says how they were answered.
func (r *rehearsing) storm(ctx context.Context, w *world, n, causes int, c config.Config) error {
	client := sim.Client{Account: r.account, Via: r.base, KeepAlive: true}
	lines := stormLines(c)
	var sent, lost atomic.Int64
	var all sync.WaitGroup
	r.began = time.Now()
	for range stormWorkers {
		all.Go(func() {
			for i := int(sent.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(sent.Add(1)) - 1 {
				if !r.fail(ctx, client, i, i%causes, causes, lines[i%len(lines)]) {
					lost.Add(1)
				}
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	took := time.Since(r.began)
	if n := lost.Load(); n > 0 {
		return fmt.Errorf("%d of the failures were not answered as a caller has to be", n)
	}
	return w.say("%d failures with %d causes, in %.1f s: every one was answered.\n\n", n, causes, took.Seconds())
}

// stormLines are the lines that are called: the configured ones, as far as they
// are numbers.
func stormLines(c config.Config) []string {
	var lines []string
	for _, l := range c.Recovery.Lines {
		if twilio.IsE164(l.Match) {
			lines = append(lines, l.Match)
		}
	}
	if len(lines) == 0 {
		lines = []string{"+15550001111"}
	}
	return lines
}

// fail plays the i-th failure: three of five causes are servers that cannot be
// reached, the others pages of one that answers nonsense. Everybody has a number
// of their own, and one in ten writes.
func (r *rehearsing) fail(ctx context.Context, client sim.Client, i, cause, causes int, line string) bool {
	from := fmt.Sprintf("+1555%07d", i)
	code, address := "11202", fmt.Sprintf("https://server-%d.storm.example/", cause+1)
	if cause >= (causes*3+4)/5 {
		code, address = "12100", fmt.Sprintf("https://www.storm.example/page-%c%d/", 'a'+cause%26, cause)
	}
	q, err := sim.Call{From: from, To: line, ErrorCode: code, ErrorURL: address + "voice"}.Request(r.account, r.public+"/fallback/voice")
	if i%10 == 9 {
		q, err = sim.Message{From: from, To: line, Body: "hello", ErrorCode: code, ErrorURL: address + "sms"}.Request(r.account, r.public+"/fallback/messaging")
	}
	if err != nil {
		return false
	}
	answer := client.Do(ctx, q)
	return answer.Err == nil && answer.Status == http.StatusOK
}

var errNobodyTold = errors.New("nobody was told of it")
