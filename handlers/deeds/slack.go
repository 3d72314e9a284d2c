package deeds

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/act"
)

// SlackAction begins the action_id of our buttons; the action's word follows.
const SlackAction = "backstop_"

// Bounds of what Slack sends. It tells the whole message with the button.
const (
	slackMost   = 256 << 10
	slackWindow = 5 * time.Minute
)

// Errors of what claims to be Slack. Whoever sent it learns no more than that.
var (
	errUnsigned  = errors.New("not signed by an app of ours")
	errForbidden = errors.New("another team, app or user than the configuration names")
	errGarbled   = errors.New("no interaction that can be read")
)

// slack answers Slack's interactions: https://docs.slack.dev/interactivity/handling-user-interaction
func (r *Room) slack(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, slackMost))
	if err != nil {
		c.Status(http.StatusRequestEntityTooLarge)
		return
	}
	secrets := r.signers(c.GetHeader("X-Slack-Request-Timestamp"), c.GetHeader("X-Slack-Signature"), body)
	if len(secrets) == 0 {
		c.Status(http.StatusUnauthorized)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		c.Status(http.StatusBadRequest)
		return
	}
	c.Status(statusOf(r.interact(c.Request.Context(), []byte(form.Get("payload")), secrets)))
}

func statusOf(err error) int {
	switch {
	case err == nil, errors.Is(err, errLate):
		return http.StatusOK
	case errors.Is(err, errUnsigned):
		return http.StatusUnauthorized
	case errors.Is(err, errForbidden):
		return http.StatusForbidden
	case errors.Is(err, errGarbled):
		return http.StatusBadRequest
	}
	return http.StatusServiceUnavailable // Slack shows that it went wrong
}

// signers are the apps by whose secret a request is signed, and signed lately:
// https://docs.slack.dev/authentication/verifying-requests-from-slack
func (r *Room) signers(timestamp, signature string, body []byte) (apps []SlackApp) {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || r.o.Now().Sub(time.Unix(seconds, 0)).Abs() > slackWindow {
		return nil
	}
	said, err := hex.DecodeString(strings.TrimPrefix(signature, "v0="))
	if err != nil || !strings.HasPrefix(signature, "v0=") {
		return nil
	}
	for _, app := range r.o.Settings().Slack {
		if app.Secret == "" {
			continue
		}
		mac := hmac.New(sha256.New, []byte(app.Secret))
		mac.Write([]byte("v0:" + timestamp + ":"))
		mac.Write(body)
		if hmac.Equal(mac.Sum(nil), said) {
			apps = append(apps, app)
		}
	}
	return apps
}

// interaction is as much of Slack's payload as counts:
// https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
type interaction struct {
	Type string `json:"type"`
	App  string `json:"api_app_id"`
	Team struct {
		ID string `json:"id"`
	} `json:"team"`
	User struct {
		ID   string `json:"id"`
		Team string `json:"team_id"`
	} `json:"user"`
	Actions []struct {
		ID    string `json:"action_id"`
		Value string `json:"value"`
	} `json:"actions"`
}

// SlackSocket does what came over the socket of a notifier's app, which Slack
// vouches for. It returns within 3 s; what takes longer goes on.
func (r *Room) SlackSocket(ctx context.Context, notifier string, payload []byte) error {
	all := r.o.Settings().Slack
	i := slices.IndexFunc(all, func(a SlackApp) bool { return a.Notifier == notifier })
	if i < 0 || len(payload) > slackMost {
		return errUnsigned
	}
	var apps []SlackApp // several notifiers may write as one app
	for _, a := range all {
		if a.App == all[i].App && a.Team == all[i].Team {
			apps = append(apps, a)
		}
	}
	if err := r.interact(ctx, payload, apps); !errors.Is(err, errLate) {
		return err
	}
	return nil
}

// interact does what somebody pressed, where it is one of our buttons, of one of
// these apps. Messages say what came of it: the ledger has them brought up to
// date.
func (r *Room) interact(ctx context.Context, payload []byte, apps []SlackApp) error {
	var in interaction
	if err := json.Unmarshal(payload, &in); err != nil {
		return errGarbled
	}
	if !slices.ContainsFunc(apps, func(a SlackApp) bool { return a.allows(in) }) {
		r.o.Log.Warn("Slack interaction refused: another team, app or user than slack: of the notifier names")
		return errForbidden
	}
	if in.Type != "block_actions" || len(in.Actions) != 1 || !strings.HasPrefix(in.Actions[0].ID, SlackAction) {
		return nil // something else of the same app
	}
	d, err := r.o.Seal.Open(act.BySlack, in.Actions[0].Value, r.o.Now())
	if err != nil || in.Actions[0].ID != SlackAction+d.Action.String() {
		return errForbidden
	}
	if !slices.ContainsFunc(apps, func(a SlackApp) bool { return a.Notifier == d.Recipient && a.allows(in) }) {
		return errForbidden
	}
	_, err = r.do(ctx, d, "Slack user "+in.User.ID)
	return err
}

// allows says whether who pressed may do so, by that team and app.
func (a SlackApp) allows(in interaction) bool {
	return in.Team.ID == a.Team && in.App == a.App && isSlackUser(in.User.ID) &&
		(in.User.Team == "" || in.User.Team == a.Team) && (len(a.Users) == 0 || slices.Contains(a.Users, in.User.ID))
}

func isSlackUser(id string) bool {
	const longest = 30
	return len(id) > 1 && len(id) <= longest && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}
