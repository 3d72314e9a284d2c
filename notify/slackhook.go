package notify

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/slack-go/slack"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

// sendWebhook writes a text without blocks: it is understood by whatever else
// takes Slack's webhooks, too.
func (s *Slack) sendWebhook(ctx context.Context, text templates.Slack) (incident.Receipt, error) {
	never := false
	client := *s.client
	client.Transport = noPages{s.client.Transport}
	err := slack.PostWebhookCustomHTTPContext(ctx, s.webhook, &client, &slack.WebhookMessage{
		Text:        strings.Join(text.Sections, "\n"),
		Parse:       "none", // only what we mark up is a link
		UnfurlLinks: &never,
		UnfurlMedia: &never,
	})
	return incident.Receipt{Detail: "posted"}, err
}

// noPages is a transport on which an answer that is a page is an error: a
// proxy, or a host that wants somebody to log in, has taken the message, and
// Slack has not. Slack says "ok", and its like say a word or JSON.
type noPages struct{ http.RoundTripper }

// RoundTrip is the transport's, where it brings no page.
func (n noPages) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := n.RoundTripper.RoundTrip(r)
	if err != nil || response.StatusCode != http.StatusOK {
		return response, err
	}
	start := bufio.NewReader(response.Body)
	if begin, _ := start.Peek(64); bytes.HasPrefix(bytes.TrimSpace(begin), []byte("<")) {
		return nil, errors.Join(errPage, response.Body.Close())
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{start, response.Body}
	return response, nil
}

var errPage = errors.New("a page came back, so that somebody else took the message: see that nothing between this machine and Slack asks for a login")
