package standby

import (
	"cmp"

	"github.com/backstop-project/backstop/incident"
)

// Exam is how one of the primaries is looked at while an incident about it is
// open. It never changes.
type Exam struct {
	Server string // the primary, as PrimaryName writes it
	URL    string // what is asked: on that server, and by nobody but the configuration
	// Health says that URL is what the configuration names for this: what it
	// answers proves more than that the server can be reached.
	Health       bool
	AllowPrivate bool

	at origin
}

// NewExam is how the primary at that address is examined: by GET of its
// health_url, else of its probe, else by HEAD of its root. The error is a remedy
// to put behind the key's name.
func NewExam(address string, o ProbeOptions) (Exam, error) {
	at := originAt(address)
	e := Exam{Server: at.url(), URL: at.url() + "/", AllowPrivate: o.AllowPrivate, at: at}
	p, ok, err := newProbe(e.Server, at, ProbeOptions{URL: cmp.Or(o.HealthURL, o.URL)})
	if ok {
		e.URL, e.Health = p.URL, true
	}
	return e, err
}

// Exams are those of all primaries.
type Exams []Exam

// About is the exam of the primary that an incident is about: host is that of
// its cause, errorURL that of one of its failures, which tells http from https.
// Strangers may have written both. They choose among the primaries, and nothing
// of them is asked.
func (all Exams) About(host, errorURL string) (e Exam, ok bool) {
	at := originAt(errorURL)
	if host == "" || at == (origin{}) || incident.Host(errorURL) != host {
		return Exam{}, false
	}
	for _, one := range all {
		if one.at == at {
			return one, true
		}
	}
	return Exam{}, false
}

// Of is the exam of that primary, named as PrimaryName names it.
func (all Exams) Of(server string) (e Exam, ok bool) {
	for _, one := range all {
		if one.Server == server {
			return one, true
		}
	}
	return Exam{}, false
}
