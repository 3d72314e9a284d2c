package notify

import (
	"context"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/discord"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/googlechat"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/lark"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/matrix"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/mattermost"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/rocketchat"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/signal"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/teams"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/telegram"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/wecom"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/zulip"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/incident/opsgenie"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/bark"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/gotify"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/ifttt"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/join"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/ntfy"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/pushbullet"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/pushover"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"github.com/backstop-project/backstop/templates"
)

// shoutrrrService is one of the services, and what is to be kept to there.
type shoutrrrService struct {
	make   func() types.Service
	runes  int // how long a text may be, in characters; 0 for no limit but that of bytes
	bytes  int // and in bytes; 0 likewise
	title  bool
	params map[string]string
	logsIn bool // making it ready asks its server
	once   bool // it cannot be used a second time
}

// serviceOf knows the services. The limits are the services' own, or those at
// which shoutrrr begins to cut a message in several, less a little for what it
// adds.
func serviceOf(scheme string) (s shoutrrrService, known bool) {
	switch scheme {
	case "bark":
		s = shoutrrrService{make: func() types.Service { return &bark.Service{} }, bytes: 3000, title: true}
	case "discord":
		s = shoutrrrService{make: func() types.Service { return &discord.Service{} }, runes: 2000, title: true, params: map[string]string{"splitlines": "no"}}
	case "googlechat":
		s = shoutrrrService{make: func() types.Service { return &googlechat.Service{} }, bytes: 4000}
	case "gotify":
		s = shoutrrrService{make: func() types.Service { return &gotify.Service{} }, runes: 10000, title: true}
	case "ifttt":
		s = shoutrrrService{make: func() types.Service { return &ifttt.Service{} }, bytes: 4000, title: true}
	case "join":
		s = shoutrrrService{make: func() types.Service { return &join.Service{} }, bytes: 1200, title: true} // it travels in a URL
	case "lark":
		s = shoutrrrService{make: func() types.Service { return &lark.Service{} }, bytes: 4000, title: true}
	case "matrix":
		s = shoutrrrService{make: func() types.Service { return &matrix.Service{} }, bytes: 16000, logsIn: true}
	case "mattermost":
		s = shoutrrrService{make: func() types.Service { return &mattermost.Service{} }, runes: 4000}
	case "ntfy":
		s = shoutrrrService{make: func() types.Service { return &ntfy.Service{} }, bytes: 4000, title: true, once: true} // every title that it ever had is a header of the next
	case "opsgenie":
		s = shoutrrrService{make: func() types.Service { return &opsgenie.Service{} }, runes: 14000, title: true}
	case "pushbullet":
		s = shoutrrrService{make: func() types.Service { return &pushbullet.Service{} }, bytes: 4000, title: true}
	case "pushover":
		s = shoutrrrService{make: func() types.Service { return &pushover.Service{} }, runes: 1024, title: true}
	case "rocketchat":
		s = shoutrrrService{make: func() types.Service { return &rocketchat.Service{} }, runes: 4900}
	case "signal":
		s = shoutrrrService{make: func() types.Service { return &signal.Service{} }, bytes: 2000}
	case "teams":
		s = shoutrrrService{make: func() types.Service { return &teams.Service{} }, bytes: 10000, title: true}
	case "telegram":
		s = shoutrrrService{make: func() types.Service { return &telegram.Service{} }, bytes: 4000, params: map[string]string{"preview": "no"}}
	case "wecom":
		s = shoutrrrService{make: func() types.Service { return &wecom.Service{} }, bytes: 2000}
	case "zulip":
		s = shoutrrrService{make: func() types.Service { return &zulip.Service{} }, bytes: 9900}
	default:
		return s, false
	}
	return s, true
}

func shoutrrrSchemes() []string {
	return []string{
		"bark", "discord", "googlechat", "gotify", "ifttt", "join", "lark", "matrix", "mattermost", "ntfy", "opsgenie",
		"pushbullet", "pushover", "rocketchat", "signal", "teams", "telegram", "wecom", "zulip",
	}
}

// servedElsewhere says what to write for a service that has a notifier of its
// own; "" for others.
func servedElsewhere(scheme string) string {
	switch scheme {
	case "smtp":
		return "email: {smtp, from, to}"
	case "slack":
		return "slack: {bot_token, channel} or slack: {webhook_url}"
	case "pagerduty":
		return "pagerduty: {routing_key}"
	case "generic", "http", "https":
		return "webhook: {url, secret}"
	}
	return ""
}

// check reads u as the service does, without asking it anything.
func (s shoutrrrService) check(u *url.URL) error {
	at := *u
	if s.logsIn {
		return new(matrix.Config).SetURL(&at)
	}
	return s.make().Initialize(&at, nil)
}

// fit is text within the limits, with a mark where something is gone.
func (s shoutrrrService) fit(text string) string {
	if s.runes > 0 {
		text = templates.Shorten(text, s.runes)
	}
	if s.bytes == 0 || len(text) <= s.bytes {
		return text
	}
	const mark = "…"
	cut := s.bytes - len(mark)
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return strings.TrimRight(text[:cut], " \n") + mark
}

// bind gives a service clients that end with ctx, where it takes one.
func bind(ctx context.Context, service types.Service) {
	switch s := service.(type) {
	case *discord.Service: // it would go on trying for five minutes
		s.HTTPClient = boundTo(ctx)
		s.Sleeper = sleeper(func(d time.Duration) { sleep(ctx, d) })
	case *pushover.Service:
		s.Client = boundTo(ctx)
	case *rocketchat.Service:
		s.Client = boundTo(ctx)
	}
}

// sleeper is how Discord's service waits.
type sleeper func(time.Duration)

// Sleep is s.
func (s sleeper) Sleep(d time.Duration) { s(d) }
