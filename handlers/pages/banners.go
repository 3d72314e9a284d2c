package pages

import (
	"context"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/templates"
)

// notices are the banners about Backstop itself.
func (p *Pages) notices() []Banner {
	var banners []Banner
	for _, n := range p.Notices() {
		banners = append(banners, Banner{Kind: severity(n.Urgent), Title: history.Visible(n.Title), Text: history.Visible(n.Detail)})
	}
	return banners
}

func severity(urgent bool) string {
	if urgent {
		return "bad"
	}
	return "warn"
}

// banners are what stands above a page: what is degraded, and that nobody will
// be told where that is so.
func (p *Pages) banners() []Banner {
	var banners []Banner
	if b, silent := nobodyWillBeTold(p.Setup()); silent {
		banners = append(banners, b)
	}
	return append(banners, p.notices()...)
}

// nobodyWillBeTold says so where no notifier works: there is none, or the last
// attempt of each has failed.
func nobodyWillBeTold(s Setup) (Banner, bool) {
	switch {
	case len(s.Notifiers) == 0:
		return Banner{
			Kind: "bad", Title: "Nobody will be told",
			Text: "No notifier is configured. Set SMTP_URL, ALERT_EMAIL_FROM and ALERT_EMAIL_TO, or SLACK_WEBHOOK_URL, and try it with “check --notify”.",
		}, true
	case len(s.Failing) < len(s.Notifiers):
		return Banner{}, false
	}
	return Banner{
		Kind: "bad", Title: "Nobody will be told",
		Text: "The last attempt of every notifier has failed: " + strings.Join(s.Failing, ", ") + ". Alerts are kept and tried again for a day.",
	}, true
}

func doesFail(s history.NotifierStatus) bool { return s.LastFailure.After(s.LastSuccess) }

// framed is a frame with its banners, and how the notifiers do; nil where the
// ledger does not say.
func (p *Pages) framed(ctx context.Context, c *gin.Context, title, active string) (Frame, []history.NotifierStatus) {
	statuses, err := read(ctx, p, p.History.Notifiers)
	if err != nil {
		statuses = nil
	}
	f := p.frame(c, title, active)
	f.Banners = p.banners()
	return f, statuses
}

// setupView is what is left to do before Backstop does its work.
type setupView struct {
	Missing   []string
	NoToken   bool // nothing can be verified, hence nothing is recorded
	Suggested string
	File      string // what belongs into the configuration file
	Paste     []pasteView
	Drill     string
	Notifiers bool
}

// pasteView is an address and where in the Console it belongs.
type pasteView struct {
	Where, Address string
}

func (p *Pages) setup() setupView {
	s := p.Setup()
	base := strings.TrimSuffix(p.Settings().PublicURL, "/")
	drill := s.Command + " drill"
	if base == "" {
		base = "https://YOUR-PUBLIC-ADDRESS"
		if s.SuggestedURL != "" {
			base = strings.TrimSuffix(s.SuggestedURL, "/")
		}
	} else {
		drill += " --to " + base
	}
	return setupView{
		Missing: s.Missing, NoToken: slices.Contains(s.Missing, tokenVariable), Suggested: s.SuggestedURL, Drill: drill, Notifiers: len(s.Notifiers) > 0,
		File: missingLines(s.Missing, base),
		Paste: []pasteView{
			{"Phone number → Voice Configuration → Primary handler fails", base + "/fallback/voice"},
			{"Phone number → Messaging Configuration → Primary handler fails", base + "/fallback/messaging"},
			{"Messaging Service → Integration → Fallback URL, and everything else", base + "/fallback"},
		},
	}
}

// The variables of Setup.Missing whose keys in the file have other names.
const (
	urlVariable   = "PUBLIC_URL"
	tokenVariable = "TWILIO_AUTH_TOKEN" //nolint:gosec // the name of a variable
)

// missingLines are the lines of the configuration file that say what is
// missing, with dots for what only its owner knows.
func missingLines(missing []string, base string) string {
	var lines []string
	if slices.Contains(missing, urlVariable) {
		lines = append(lines, "public_url: "+base)
	}
	if slices.Contains(missing, tokenVariable) {
		lines = append(lines, `accounts: [{sid: AC…, auth_tokens: ["…"]}]`)
	}
	return strings.Join(lines, "\n")
}

// unverifiedView sums up requests that may be real callers.
type unverifiedView struct {
	Sentence      string
	Rejected      bool // they are refused, and hear nothing of ours
	Since, Newest Moment
	Reasons       []reasonView
}

type reasonView struct {
	Text  string
	Count int64
}

// unverified is nil where there were none.
func (p *Pages) unverified() *unverifiedView {
	u := p.Unverified()
	if u.Count == 0 {
		return nil
	}
	view := &unverifiedView{
		Sentence: templates.Plural(u.Count, "request for your account failed the signature check: this may be a real caller",
			"requests for your account failed the signature check: these may be real callers"),
		Rejected: p.Settings().Reject, Since: p.moment(u.Since), Newest: p.moment(u.Newest),
	}
	for _, r := range u.Reasons {
		view.Reasons = append(view.Reasons, reasonView{history.Visible(r.Text), r.Count})
	}
	return view
}
