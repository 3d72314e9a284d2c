package notify

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// SlackSocketOptions are what a connection to Slack needs by which it tells of
// buttons that were pressed.
type SlackSocketOptions struct {
	Notifier string // for the log
	AppToken string // xapp-…
	APIURL   string // Slack's own where empty; for GovSlack and tests
	// Deed does what was pressed, by Slack's payload, and returns within 3 s.
	Deed func(ctx context.Context, payload []byte) error
	Log  *slog.Logger
}

// SlackSocket is told by Slack of buttons that were pressed, over a connection
// that Backstop opens: nothing has to be reachable from outside.
type SlackSocket struct {
	o      SlackSocketOptions
	redact redactor
}

// NewSlackSocket makes one; Run connects.
func NewSlackSocket(o SlackSocketOptions) *SlackSocket {
	return &SlackSocket{o: o, redact: newRedactor(o.AppToken)}
}

// Bounds of the socket.
const (
	socketPause     = 30 * time.Second // at most, between two attempts to connect
	socketReadLimit = 1 << 20
	socketAtOnce    = 8 // deeds
)

// Run connects, and again whenever the connection ends, until ctx ends.
func (s *SlackSocket) Run(ctx context.Context) error {
	for failed := 0; ctx.Err() == nil; failed++ {
		began := time.Now()
		err := s.connected(ctx)
		if ctx.Err() != nil {
			return nil
		}
		const steady = time.Minute
		if time.Since(began) > steady {
			failed = 0
		}
		s.o.Log.Warn("Slack's socket ended, connecting again: buttons wait for it", "notifier", s.o.Notifier, "err", s.redact.text(oneLine(err.Error())))
		pause := min(time.Second<<min(failed, 5), socketPause)
		sleep(ctx, pause/2+rand.N(pause/2)) //nolint:gosec // a jitter
	}
	return nil
}

// connected serves connections until one cannot be made.
func (s *SlackSocket) connected(ctx context.Context) error {
	options := []slack.Option{slack.OptionAppLevelToken(s.o.AppToken), slack.OptionHTTPClient(boundedClient(nil))}
	if s.o.APIURL != "" {
		options = append(options, slack.OptionAPIURL(strings.TrimRight(s.o.APIURL, "/")+"/"))
	}
	client := socketmode.New(slack.New("", options...), socketmode.OptionReadLimit(socketReadLimit), socketmode.OptionDialer(&websocket.Dialer{
		NetDialContext: (&net.Dialer{Timeout: slackConnect}).DialContext, HandshakeTimeout: slackConnect,
	}))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		defer cancel() // a connection that nobody hears is none
		_ = safely(s.o.Log, s.o.Notifier, func() error { s.hear(ctx, client); return nil })
	}()
	err := client.RunContext(ctx)
	cancel()
	<-heard
	return cmp.Or(err, context.Canceled)
}

// hear acknowledges what comes and has it done, a few at a time.
func (s *SlackSocket) hear(ctx context.Context, client *socketmode.Client) {
	slots := make(chan struct{}, socketAtOnce)
	defer func() {
		for range socketAtOnce {
			slots <- struct{}{}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-client.Events:
			if event.Type != socketmode.EventTypeInteractive || event.Request == nil {
				continue
			}
			request := *event.Request
			slots <- struct{}{}
			go func() {
				defer func() { <-slots }()
				_ = safely(s.o.Log, s.o.Notifier, func() error { s.act(ctx, client, request); return nil })
			}()
		}
	}
}

// act answers once the deed is done, or goes on behind: without an answer Slack
// shows that it went wrong.
func (s *SlackSocket) act(ctx context.Context, client *socketmode.Client, r socketmode.Request) {
	err := safely(s.o.Log, s.o.Notifier, func() error { return s.o.Deed(ctx, r.Payload) })
	if err != nil {
		s.o.Log.Warn("what was pressed in Slack was not done", "notifier", s.o.Notifier, "err", err)
		return
	}
	if err := client.AckCtx(ctx, r.EnvelopeID, nil); err != nil {
		s.o.Log.Warn("Slack was not told that it was done", "notifier", s.o.Notifier, "err", s.redact.text(oneLine(err.Error())))
	}
}
