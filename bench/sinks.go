package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/emersion/go-smtp"
)

// sinks are a mail server and a Slack that take everything, so that Backstop
// is measured with people to tell.
type sinks struct {
	mail  *smtp.Server
	slack *http.Server

	mailAddress, slackAddress string
}

func newSinks(ctx context.Context) (*sinks, error) {
	var config net.ListenConfig
	mail, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	slack, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, mail.Close())
	}
	s := &sinks{
		mail: smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return mailbox{}, nil })),
		slack: &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, "ok")
		})},
		mailAddress: mail.Addr().String(), slackAddress: slack.Addr().String(),
	}
	s.mail.Domain = "localhost"
	go s.mail.Serve(mail)   //nolint:errcheck // it ends with the run
	go s.slack.Serve(slack) //nolint:errcheck // likewise
	return s, nil
}

func (s *sinks) close() error { return errors.Join(s.mail.Close(), s.slack.Close()) }

// environment configures a notifier for each.
func (s *sinks) environment() []string {
	return []string{
		"SMTP_URL=smtp://" + s.mailAddress + "?starttls=never",
		"ALERT_EMAIL_FROM=backstop@example.com", "ALERT_EMAIL_TO=ops@example.com",
		"SLACK_WEBHOOK_URL=http://" + s.slackAddress + "/services/T0/B0/bench",
	}
}

// mailbox takes any mail and forgets it.
type mailbox struct{}

func (mailbox) Mail(string, *smtp.MailOptions) error { return nil }
func (mailbox) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (mailbox) Reset()                               {}
func (mailbox) Logout() error                        { return nil }

func (mailbox) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}
