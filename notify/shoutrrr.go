package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

// ShoutrrrOptions are what a notifier needs that writes to one of the many
// services that shoutrrr knows.
type ShoutrrrOptions struct {
	Name    string
	URL     string        // a secret, in shoutrrr's form: ntfy://…
	Timeout time.Duration // one attempt; 18 s where zero

	Own   *templates.OwnText // the message
	Log   *slog.Logger       // for own templates that fail; nothing is logged where nil
	Now   func() time.Time   // time.Now where nil; only Check asks it
	Texts *templates.Alerts  // the words
}

// Validate says all that is wrong with o, one error each, and never shows a
// secret. It asks nobody.
func (o ShoutrrrOptions) Validate() error {
	var mistakes []error
	if o.Name == "" {
		mistakes = append(mistakes, errors.New("name: is empty: give the notifier a name"))
	}
	if _, _, err := parseShoutrrr(o.URL); err != nil {
		mistakes = append(mistakes, err)
	}
	return errors.Join(mistakes...)
}

// parseShoutrrr reads a service's URL.
func parseShoutrrr(raw string) (*url.URL, shoutrrrService, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" || u.Opaque != "" {
		return nil, shoutrrrService{}, errors.New("url: is no address of a service: write one such as ntfy://ntfy.sh/topic, as " + shoutrrrDocs + " says")
	}
	if instead := servedElsewhere(u.Scheme); instead != "" {
		return nil, shoutrrrService{}, fmt.Errorf("url: %s has a notifier of its own here: write %s", u.Scheme, instead)
	}
	service, known := serviceOf(u.Scheme)
	if !known {
		return nil, shoutrrrService{}, fmt.Errorf("url: begins with no service that is known: the services are %s", strings.Join(shoutrrrSchemes(), ", "))
	}
	if err := service.check(u); err != nil {
		return nil, shoutrrrService{}, fmt.Errorf("url: is not what %s takes (%s): see %s", u.Scheme, shoutrrrRedactor(u).shoutrrr(err), shoutrrrDocs)
	}
	return u, service, nil
}

const shoutrrrDocs = "https://shoutrrr.nickfedor.com/services/overview/"

// mostHanging is how many sends of one notifier may be on their way at a time:
// shoutrrr takes no context, so that some of them end long after we gave up.
const mostHanging = 8

// Shoutrrr is a Notifier that writes to one of the services of shoutrrr.
type Shoutrrr struct {
	name    string
	url     *url.URL
	service shoutrrrService
	timeout time.Duration
	redact  redactor
	texts   *templates.Alerts
	own     ownText
	log     *slog.Logger
	now     func() time.Time

	sending chan struct{}      // holds one for each send that has not ended
	ready   chan types.Service // those that have ended theirs: they keep their connections
}

// NewShoutrrr makes a notifier of valid options.
func NewShoutrrr(o ShoutrrrOptions) (*Shoutrrr, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	u, service, err := parseShoutrrr(o.URL)
	if err != nil {
		return nil, err
	}
	s := &Shoutrrr{
		name: o.Name, url: u, service: service, timeout: o.Timeout, redact: shoutrrrRedactor(u), texts: o.Texts, log: o.Log, now: o.Now,
		own:     ownText{notifier: o.Name, texts: o.Texts, template: o.Own, log: o.Log},
		sending: make(chan struct{}, mostHanging), ready: make(chan types.Service, 2), // Send and Check at once
	}
	if s.timeout <= 0 {
		s.timeout = defaultAttempt
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// Name is what the configuration calls it.
func (s *Shoutrrr) Name() string { return s.name }

// Send writes m. A send that does not end in time goes on behind the scenes,
// and its message may come although another attempt is made.
func (s *Shoutrrr) Send(ctx context.Context, m incident.Message) (incident.Receipt, error) {
	if m.Alert.Kind.InPlace() {
		return incident.Receipt{Detail: nothingToUpdate}, nil
	}
	title, text := s.write(m)
	if text == "" {
		return incident.Receipt{Detail: nothingWritten}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	select {
	case s.sending <- struct{}{}:
	default:
		return incident.Receipt{}, fmt.Errorf("%s: %d earlier sends have not ended: see whether its server answers; it is tried again", s.url.Scheme, mostHanging)
	}
	done := make(chan error, 1)
	go func() {
		err := safely(s.log, s.name, func() error { return s.sendOne(ctx, title, text) })
		<-s.sending
		done <- err
	}()
	select {
	case <-ctx.Done():
		return incident.Receipt{}, fmt.Errorf("%s did not answer in time, so that the message may come twice: see whether its server can be reached from this machine", s.url.Scheme)
	case err := <-done:
		if err != nil {
			return incident.Receipt{}, fmt.Errorf("%s did not take the message (%s): it is tried again; if it goes on, look at url in the configuration", s.url.Scheme, s.redact.shoutrrr(err))
		}
	}
	return incident.Receipt{Detail: "taken by " + s.url.Scheme}, nil
}

// write is the title and the text, within the service's limit.
func (s *Shoutrrr) write(m incident.Message) (title, text string) {
	text, builtIn, own := s.own.write(m, templates.Inert)
	plain := s.texts.Plain(m)
	if !own {
		plain = builtIn.Plain(m)
		lines := plain.Lines
		if s.service.title && lines[0] == plain.Line {
			lines = lines[1:]
		}
		text = strings.Join(lines, "\n")
	}
	return plain.Line, s.service.fit(text)
}

// sendOne may hang as long as the service does.
func (s *Shoutrrr) sendOne(ctx context.Context, title, text string) error {
	service, err := s.prepare()
	if err != nil {
		return err
	}
	bind(ctx, service)
	params := types.Params{}
	maps.Copy(params, s.service.params)
	if s.service.title {
		params.SetTitle(title)
	}
	if err := service.Send(text, &params); err != nil {
		return err
	}
	if s.service.once {
		return nil
	}
	select {
	case s.ready <- service:
	default:
	}
	return nil
}

// prepare is a service that nobody else uses. A new one may have to log in.
func (s *Shoutrrr) prepare() (types.Service, error) {
	select {
	case service := <-s.ready:
		return service, nil
	default:
	}
	service := s.service.make()
	at := *s.url
	return service, service.Initialize(&at, nil)
}

// Check sends a test message.
func (s *Shoutrrr) Check(ctx context.Context) error {
	return tested(s.Send(ctx, TestMessage(s.name, s.now())))
}

// shoutrrrRedactor hides whatever of a service's URL may be a secret: which part
// is one differs from service to service.
func shoutrrrRedactor(u *url.URL) redactor {
	password, _ := u.User.Password()
	secrets := []string{u.String(), u.User.Username() + ":" + password, u.User.Username(), password, strings.Trim(u.Path, "/")}
	if !strings.Contains(u.Host, ".") {
		secrets = append(secrets, u.Host)
	}
	secrets = append(secrets, strings.Split(u.Path, "/")...)
	for _, values := range u.Query() {
		secrets = append(secrets, values...)
	}
	return newRedactor(secrets...)
}

// anyURL is an address in the words of a library.
var anyURL = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"']+`)

// shoutrrr is what err says, without anything of the service's URL.
func (r redactor) shoutrrr(err error) string {
	return oneLine(anyURL.ReplaceAllString(r.text(r.clean(err).Error()), hidden))
}

// httpFunc is an http.RoundTripper.
type httpFunc func(*http.Request) (*http.Response, error)

// RoundTrip is f.
func (f httpFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// boundTo is a client of ours whose requests end with ctx.
func boundTo(ctx context.Context) *http.Client {
	client := boundedClient(nil)
	transport := client.Transport
	client.Transport = httpFunc(func(r *http.Request) (*http.Response, error) { return transport.RoundTrip(r.WithContext(ctx)) })
	return client
}
