package main

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/gin-gonic/gin"
	"golang.org/x/sys/unix"

	"github.com/backstop-project/backstop/twilio"
)

// floor parses and verifies as Backstop does, and appends to a plain file with
// one fdatasync for all who wait: no less will do for a durable answer.
type floor struct {
	verifier *twilio.Verifier
	file     *os.File

	mu      sync.Mutex
	pending []byte
	done    chan struct{}
	wake    chan struct{}
}

func newFloor(dir string) (*floor, error) {
	keys, err := twilio.NewKeys(twilio.KeyOptions{Accounts: []twilio.Account{{SID: accountSID, Tokens: []string{authToken}}}})
	if err != nil {
		return nil, err
	}
	base, err := twilio.ParseBaseURL(publicURL)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, "floor.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600) //nolint:gosec // the bench names it
	if err != nil {
		return nil, err
	}
	f := &floor{verifier: twilio.NewVerifier(keys, base), file: file, done: make(chan struct{}), wake: make(chan struct{}, 1)}
	go f.write()
	return f, nil
}

func (f *floor) answering(answer []byte) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := f.take(c.Request); err != nil {
			c.String(http.StatusForbidden, err.Error())
			return
		}
		send(c, answer)
	}
}

func (f *floor) take(r *http.Request) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		return err
	}
	request := twilio.Request{
		Method: r.Method, URI: r.RequestURI, Host: r.Host, Body: body,
		ContentType: r.Header.Get("Content-Type"), Signature: r.Header.Get("X-Twilio-Signature"),
	}
	if err := request.Parse(200); err != nil {
		return err
	}
	if result := f.verifier.Verify(&request); !result.Verified {
		return errors.New(result.Reason.Text)
	}
	f.mu.Lock()
	f.pending = append(f.pending, body...)
	done := f.done
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
	<-done
	return nil
}

func (f *floor) write() {
	var spare []byte
	for range f.wake {
		f.mu.Lock()
		group, done := f.pending, f.done
		f.pending, f.done = spare[:0], make(chan struct{})
		f.mu.Unlock()
		if len(group) == 0 {
			continue
		}
		if _, err := f.file.Write(group); err != nil {
			panic(err)
		}
		if err := unix.Fdatasync(int(f.file.Fd())); err != nil {
			panic(err)
		}
		spare = group
		close(done)
	}
}
