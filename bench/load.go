package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// outcome is what a load came to.
type outcome struct {
	requests int
	written  int // answered with written=yes
	took     time.Duration
	times    []time.Duration // sorted
}

func (o outcome) rate() float64 { return float64(o.requests) / o.took.Seconds() }

func (o outcome) quantile(q float64) time.Duration { return quantile(o.times, q) }

// quantile is that of times, shortest first; 0 of none.
func quantile(times []time.Duration, q float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	return times[min(len(times)-1, int(q*float64(len(times))))]
}

// client is one connection that sends and reads as little as HTTP allows.
type client struct {
	conn   net.Conn
	in     *bufio.Reader
	buffer []byte
}

func dial(ctx context.Context, address string) (*client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 8<<10)}, nil
}

var (
	statusOK = []byte("HTTP/1.1 200")
	lengthIs = []byte("Content-Length: ")
	isYes    = []byte("written=yes")
)

// exchange sends a request and reads its answer.
func (c *client) exchange(request []byte) (written bool, err error) {
	if _, err := c.conn.Write(request); err != nil {
		return false, err
	}
	length, first := -1, true
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return false, err
		}
		if first && !bytes.HasPrefix(line, statusOK) {
			return false, fmt.Errorf("answered %q", line)
		}
		first = false
		switch {
		case len(line) <= 2:
			if length < 0 {
				return false, errors.New("an answer without Content-Length")
			}
			_, err := io.CopyN(io.Discard, c.in, int64(length))
			return written, err
		case bytes.HasPrefix(line, lengthIs):
			length = 0
			for _, d := range bytes.TrimSpace(line[len(lengthIs):]) {
				length = length*10 + int(d-'0')
			}
		case bytes.Contains(line, isYes):
			written = true
		}
	}
}

// closed drives a server with as many connections as given, each sending its
// next request when the last is answered.
func closed(ctx context.Context, address string, c corpus, connections int, length time.Duration) (outcome, error) {
	return drive(ctx, address, c, connections, func(began time.Time, _ int) (time.Time, bool) {
		now := time.Now()
		return now, now.Sub(began) < length
	})
}

// open drives a server with a rate that does not wait for it: latency counts
// from the time a request was due.
func open(ctx context.Context, address string, c corpus, rate int, length time.Duration) (outcome, error) {
	total := int(length.Seconds() * float64(rate))
	return drive(ctx, address, c, 256, func(began time.Time, n int) (time.Time, bool) {
		due := began.Add(time.Duration(n) * time.Second / time.Duration(rate))
		if wait := time.Until(due); wait > 0 {
			time.Sleep(wait)
		}
		return due, n < total
	})
}

// drive lets every connection ask when its next request is due.
func drive(ctx context.Context, address string, c corpus, connections int, next func(began time.Time, n int) (due time.Time, more bool)) (outcome, error) {
	clients := make([]*client, connections)
	for i := range clients {
		var err error
		if clients[i], err = dial(ctx, address); err != nil {
			return outcome{}, err
		}
		defer clients[i].conn.Close()
	}
	var (
		sent, written atomic.Int64
		all           sync.WaitGroup
		mu            sync.Mutex
		out           outcome
		errs          []error
	)
	series := uuid.New()
	began := time.Now()
	for _, one := range clients {
		all.Go(func() {
			var times []time.Duration
			for ctx.Err() == nil {
				n := int(sent.Add(1)) - 1
				due, more := next(began, n)
				if !more {
					break
				}
				one.buffer = c.request(one.buffer, n, series)
				yes, err := one.exchange(one.buffer)
				if err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
					break
				}
				if yes {
					written.Add(1)
				}
				times = append(times, time.Since(due))
			}
			mu.Lock()
			out.times = append(out.times, times...)
			mu.Unlock()
		})
	}
	all.Wait()
	out.took = time.Since(began)
	out.requests, out.written = len(out.times), int(written.Load())
	slices.Sort(out.times)
	return out, errors.Join(errs...)
}
