package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/gin-gonic/gin"
	"golang.org/x/sys/unix"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/twilio"
)

// The account that the corpus is signed for.
const (
	accountSID = "AC00000000000000000000000000000001"
	authToken  = "0123456789abcdef0123456789abcdef"
	publicURL  = "https://fallback.example.com"
)

// serve is this program as one of the servers that Backstop is measured with:
// serve gin|floor ADDRESS DIR.
func serve(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: bench serve gin|floor ADDRESS DIR")
	}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	answer := recovery.Apology(incident.Voice)
	switch args[0] {
	case "gin":
		engine.POST("/fallback/voice", func(c *gin.Context) { send(c, answer) })
	case "floor":
		f, err := newFloor(args[2])
		if err != nil {
			return err
		}
		engine.POST("/fallback/voice", func(c *gin.Context) {
			if err := f.take(c.Request); err != nil {
				c.String(http.StatusForbidden, err.Error())
				return
			}
			send(c, answer)
		})
	default:
		return fmt.Errorf("no server %q", args[0])
	}
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", args[1])
	if err != nil {
		return err
	}
	return http.Serve(listener, engine) //nolint:gosec // bare on purpose
}

func send(c *gin.Context, document []byte) {
	c.Header("Content-Length", strconv.Itoa(len(document)))
	c.Data(http.StatusOK, "text/xml; charset=utf-8", document)
}

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

func (f *floor) take(r *http.Request) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		return err
	}
	request := twilio.Request{
		Method: r.Method, URI: r.RequestURI, Host: r.Host, Body: string(body),
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
