package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/recovery/standby"
)

// clockOff is by how much clocks may differ: the date of an answer has seconds.
const clockOff = 5 * time.Second

// lookAtPublic is about PUBLIC_URL: whether a request that is signed for it comes
// to this Backstop and is recorded, as Twilio's has to be; its certificate; and
// the clock, which is compared with that of whoever answers there.
func lookAtPublic(ctx context.Context, cfg config.Config) []diagnosis {
	const about = "PUBLIC_URL"
	if cfg.PublicURL.IsZero() {
		return []diagnosis{isPoorly(about, "is not set: the first signature tells what it is", "set it to the address that Twilio uses"), lookAtClock(time.Time{})}
	}
	base := cfg.PublicURL.String()
	var found []diagnosis
	if !strings.HasPrefix(base, "https://") {
		found = append(found, isPoorly(about, base+" is not https: whoever is on the way can read and change it", "use https; deploy/ has Caddy and nginx for it"))
	}
	key, err := readSecret(filepath.Join(cfg.DataDir, drillKeyFile))
	if err != nil {
		return append(found, isPoorly(about, "nothing can be signed: "+err.Error(), "start Backstop once, and run the doctor as its user"), lookAtClock(time.Time{}))
	}
	_, written, err := selfCheck{base: base, key: key}.ask(ctx)
	switch {
	case err != nil:
		found = append(found, isIll(about, err, "from outside, curl -i "+base+"/healthz: DNS, firewall, the proxy in front, and whether Backstop runs. The proxy must pass the address on unchanged"))
	case !written:
		found = append(found, isPoorly(about, base+" answers a signed request, but it was not written down in time", "look at the disk, and at "+base+"/healthz"))
	default:
		found = append(found, isWell(about, base+" answers a signed request, and has written it down"))
	}
	if c := standby.NewExaminer(standby.ClientOptions{}).Certificate(ctx, base); c.Seen {
		found = append(found, lookAtCertificate(c, time.Now()))
	}
	return append(found, lookAtClock(dateOf(ctx, base+"/healthz")))
}

func lookAtCertificate(c standby.Certificate, now time.Time) diagnosis {
	const about = "certificate"
	until := "it is valid until " + c.Until.UTC().Format("2006-01-02 15:04 MST")
	switch {
	case c.Trouble != "":
		return isIll(about, errors.New(c.Trouble), "mend it where TLS ends, and send the whole chain (fullchain.pem): Twilio refuses it")
	case expiresWithin(c, now) > 0:
		return isPoorly(about, until, "look why it was not renewed: certbot renew, caddy's log")
	}
	return isWell(about, until)
}

// dateOf is what the clock of whoever answers says; zero where nobody does.
func dateOf(ctx context.Context, address string) time.Time {
	ctx, cancel := context.WithTimeout(ctx, checkAnswered)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, address, http.NoBody)
	if err != nil {
		return time.Time{}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return time.Time{}
	}
	defer response.Body.Close()
	at, _ := http.ParseTime(response.Header.Get("Date")) // zero where there is none
	return at
}

func lookAtClock(theirs time.Time) diagnosis {
	const about, remedy = "clock", "set it, and keep it right: timedatectl set-ntp true"
	now := time.Now()
	switch off := now.Sub(theirs); {
	case now.Before(builtAt()):
		return isIll(about, fmt.Errorf("it says %s, which is before this program was built", now.UTC().Format(time.DateTime)), remedy)
	case theirs.IsZero():
		return isWell(about, now.UTC().Format(time.DateTime)+" UTC, with nobody to compare it with")
	case off.Abs() > clockOff:
		return isPoorly(about, fmt.Sprintf("it differs by %s from the one behind PUBLIC_URL", off.Round(time.Second)), remedy)
	}
	return isWell(about, now.UTC().Format(time.DateTime)+" UTC, as the one behind PUBLIC_URL says")
}

// lookAtFate says where Backstop would go down together with a server that it
// stands in for: on the same machine, at the same name, in the same DNS zone.
func lookAtFate(ctx context.Context, cfg config.Config) (found []diagnosis) {
	const about = "shared fate"
	ours := hostOf(cfg.PublicURL.String())
	var unknown, remedies []string
	if cfg.PublicURL.IsZero() {
		unknown, remedies = append(unknown, "PUBLIC_URL"), append(remedies, "set PUBLIC_URL to the address that Twilio uses")
	}
	if len(cfg.Recovery.Primaries) == 0 {
		unknown, remedies = append(unknown, "primaries"), append(remedies, "name your own servers, such as primaries: [https://www.example.com]")
	}
	if len(unknown) > 0 {
		return []diagnosis{isPoorly(about, "nobody knows: not configured: "+strings.Join(unknown, ", "), strings.Join(remedies, "; "))}
	}
	for _, primary := range cfg.Recovery.Primaries {
		theirs := hostOf(primary)
		same := sameAddress(ctx, ours, theirs)
		switch zone := zoneOf(ours); {
		case ours == theirs:
			found = append(found, isIll(about, fmt.Errorf("PUBLIC_URL and the primary %s have the same name", primary), "put Backstop on another machine, under another name"))
		case same != "":
			found = append(found, isIll(about, fmt.Errorf("PUBLIC_URL and the primary %s are both at %s", primary, same), "put Backstop on another machine, in another place"))
		case zone != "" && zone == zoneOf(theirs):
			found = append(found, isPoorly(about, fmt.Sprintf("PUBLIC_URL and the primary %s are both in the DNS zone %s: when it fails, both are gone", primary, zone), "give Backstop a name in a zone of its own, with another DNS provider"))
		}
	}
	if len(found) == 0 {
		found = append(found, isWell(about, "Backstop is neither on the machine nor in the DNS zone of a primary"))
	}
	return found
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// zoneOf is the domain that somebody has registered; "" for an address.
func zoneOf(host string) string {
	zone, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil || net.ParseIP(host) != nil {
		return ""
	}
	return zone
}

// sameAddress is one that both names have; "" for none, or where DNS does not say.
func sameAddress(ctx context.Context, a, b string) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	first, _ := net.DefaultResolver.LookupHost(ctx, a)  // none where it fails
	second, _ := net.DefaultResolver.LookupHost(ctx, b) // likewise
	for _, address := range first {
		if slices.Contains(second, address) {
			return address
		}
	}
	return ""
}

// lookAtNotifiers is about who is told, and by how many ways.
func (d doctorCommand) lookAtNotifiers(ctx context.Context, w *world, p *parts) (found []diagnosis) {
	const about = "notifiers"
	switch n := len(p.notifiers); n {
	case 0:
		return []diagnosis{isIll(about, errors.New("none is configured: nobody will be told"), "set SMTP_URL with ALERT_EMAIL_TO and ALERT_EMAIL_FROM, or SLACK_WEBHOOK_URL")}
	case 1:
		found = append(found, isPoorly(about, "there is only "+p.notifiers[0].Name()+": when it fails nobody is told of that", "configure a second one of another kind"))
	default:
		found = append(found, isWell(about, number(n, "notifier")))
	}
	if !d.Send {
		return found
	}
	ctx, cancel := context.WithTimeout(ctx, checkAtMost)
	defer cancel()
	results := notify.Check(ctx, p.notifiers, slog.New(slog.NewTextHandler(w.stderr, nil)))
	for _, n := range p.notifiers {
		if err := results[n.Name()]; err != nil {
			found = append(found, isIll("notifier "+n.Name(), err, "backstop check --notify tries again; the runbook says what it means"))
			continue
		}
		found = append(found, isWell("notifier "+n.Name(), "took the test message"))
	}
	return found
}
