package config

import (
	"regexp"
	"slices"
	"strings"
)

// Buttons are what people may press below the messages of a Slack app, and who
// may.
type Buttons struct {
	SigningSecret Secret // of what Slack posts to /slack/interaction; "" for none
	AppToken      Secret // of the socket that needs no public address; "" for none
	Team, AppID   string
	Users         []string // everybody of the team where it is empty
}

var (
	teamForm    = regexp.MustCompile(`^[TE][A-Z0-9]{6,20}$`)
	appForm     = regexp.MustCompile(`^A[A-Z0-9]{6,20}$`)
	memberForm  = regexp.MustCompile(`^[UW][A-Z0-9]{6,20}$`)
	signingForm = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

// buttons are those of a Slack app that says how it is told of a press.
func (r *review) buttons(s slack) *Buttons {
	if s.At.invalid {
		return nil
	}
	if s.SigningSecret.absent() && s.AppToken.absent() {
		if v := first(append(s.AllowedUsers, s.Team, s.AppID)...); !v.absent() {
			r.missing(s.At, s.At.key+".signing_secret", "is missing", "write how Backstop is told of buttons: signing_secret, or app_token for Socket Mode; or leave team, app_id and allowed_users out")
		}
		return nil
	}
	one := &Buttons{SigningSecret: Secret(s.SigningSecret.text), AppToken: Secret(s.AppToken.text), Team: s.Team.text, AppID: s.AppID.text}
	for _, v := range []value{s.SigningSecret, s.AppToken} {
		r.hide(v.text)
		if v.set() && !s.WebhookURL.absent() {
			r.mistake(v, "stands beside a webhook, whose messages have no buttons", "use bot_token and channel, or leave it out")
		}
	}
	if s.SigningSecret.set() && !signingForm.MatchString(s.SigningSecret.text) {
		r.mistake(s.SigningSecret, "is no signing secret", "copy it from the app's page Basic Information: 32 of 0-9 a-f")
	}
	if s.AppToken.set() && (!strings.HasPrefix(s.AppToken.text, "xapp-") || strings.ContainsFunc(s.AppToken.text, unprintable)) {
		r.mistake(s.AppToken, "is no app-level token", "make one with the scope connections:write on the app's page Basic Information: it begins with xapp-")
	}
	r.buttonsOf(s)
	one.Users = r.buttonUsers(s)
	return one
}

func (r *review) buttonsOf(s slack) {
	const team, app = "write the team's ID (T…), as in the address of your Slack in a browser", "write the app's ID (A…), from its page Basic Information"
	r.required(s.At, s.Team, "team", "", team)
	r.required(s.At, s.AppID, "app_id", "", app)
	if s.Team.set() && !teamForm.MatchString(s.Team.text) {
		r.mistake(s.Team, "is no team", team)
	}
	if s.AppID.set() && !appForm.MatchString(s.AppID.text) {
		r.mistake(s.AppID, "is no app", app)
	}
}

func (r *review) buttonUsers(s slack) (users []string) {
	for _, v := range commaSplit(s.AllowedUsers) {
		if !v.set() {
			continue
		}
		if !memberForm.MatchString(v.text) {
			r.mistake(v, "is no member of Slack", "write members' IDs (U…, in their profiles)")
		}
		if !slices.Contains(users, v.text) {
			users = append(users, v.text)
		}
	}
	return users
}
