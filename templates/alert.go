package templates

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"net/url"
	"strings"
	"text/template"
	"time"

	"github.com/backstop-project/backstop/incident"
)

//go:embed alerts/*.tmpl
var alertFiles embed.FS

// AlertOptions are what the texts of alerts need to know besides the alert.
type AlertOptions struct {
	Zone *time.Location // of every time that is shown; UTC where nil
	// Pages is where people open the pages: admin_url, else public_url. ""
	// where none is configured: then alerts say which page to open.
	Pages string
	// Drill has every message say first that nothing is broken. None of them leads
	// to a page, nor asks anybody to take something.
	Drill bool
}

// Alerts writes what notifiers send. It is safe for concurrent use.
type Alerts struct {
	zone  *time.Location
	pages string // without a slash at its end; "" for none
	drill bool
	note  string // the last fact of every message; "" for none
	text  *template.Template
	html  *htmltemplate.Template
}

// NewAlerts parses every template: what it returns without an error does not
// fail later for want of one.
func NewAlerts(o AlertOptions) (*Alerts, error) {
	a := &Alerts{zone: o.Zone, drill: o.Drill}
	if a.zone == nil {
		a.zone = time.UTC
	}
	var err error
	if a.pages, err = pagesBase(o.Pages); err != nil {
		return nil, err
	}
	if a.drill {
		a.pages = "" // which show other incidents under the same numbers
	}
	if a.text, err = template.ParseFS(alertFiles, "alerts/mail.txt.tmpl"); err != nil {
		return nil, fmt.Errorf("parse text of mails: %w", err)
	}
	if a.html, err = htmltemplate.ParseFS(alertFiles, "alerts/mail.html.tmpl"); err != nil {
		return nil, fmt.Errorf("parse html of mails: %w", err)
	}
	return a, nil
}

// pagesBase reads the base of links. It shows nothing of a text it refuses,
// for there may be a password in it.
func pagesBase(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("address of the pages: write https://host or https://host/path, nothing else")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// Noting is a with note as the last fact of every message.
func (a *Alerts) Noting(note string) *Alerts {
	noting := *a
	noting.note = note
	return &noting
}

// Zone is where times are told from.
func (a *Alerts) Zone() *time.Location { return a.zone }

// Mail is an e-mail's words: a subject of at most MaxLine characters without
// any control character, and the same content as text and as HTML.
type Mail struct {
	Subject string
	Text    string
	HTML    string
}

// Mail writes the e-mail for m, with what its reader may do by a click.
func (a *Alerts) Mail(m incident.Message, deeds ...DeedLink) (Mail, error) {
	t := a.tell(m, mailItems)
	t.Deeds = deeds
	var text, html bytes.Buffer
	if err := a.text.Execute(&text, t); err != nil {
		return Mail{}, fmt.Errorf("write mail: %w", err)
	}
	if err := a.html.Execute(&html, t); err != nil {
		return Mail{}, fmt.Errorf("write mail: %w", err)
	}
	return Mail{Subject: t.Line, Text: text.String(), HTML: html.String()}, nil
}

// PlainDeeds are lines that say what may be done by a click, to be put behind an
// own text; "" for nothing.
func PlainDeeds(deeds []DeedLink) string {
	var b strings.Builder
	for i, d := range deeds {
		if i == 0 {
			b.WriteString("\n\nThese links act in your name, for 72 hours: do not pass them on.")
		}
		b.WriteString("\n" + d.Label + ": " + d.Address)
	}
	return b.String()
}

// Most incidents that a digest names one by one.
const (
	mailItems  = 100
	slackItems = 40
)
