package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// TestThePastIsToldInItsOrder holds that what is played against a policy is what
// was fed: the causes and callers, and what people did in between.
func TestThePastIsToldInItsOrder(t *testing.T) {
	ctx := context.Background()
	l := newTicking(t, nil)
	l.failed(1, "www.example.com")
	l.failed(2, "www.example.com")
	l.now = l.now.Add(time.Minute)
	if _, err := l.Acknowledge(ctx, 1, "anna", l.now); err != nil {
		t.Fatal(err)
	}
	l.now = l.now.Add(time.Minute)
	l.failed(1, "www.example.com")
	if _, err := l.Resolve(ctx, 1, "ben", l.now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	var got []string
	n, err := l.Past(ctx, start, func(e incident.Entry) {
		f := e.Failure
		got = append(got, incident.CauseOf(f).Host+" "+f.Person()+" on "+f.OwnLine())
	}, func(d incident.Deed) {
		got = append(got, d.By)
		if want := incident.CauseOf(call(0, func(e *incident.Fed) { e.Failure.ErrorURL = "https://www.example.com/" }).Failure).Key(); d.Cause != want {
			t.Errorf("cause %q, want %q", d.Cause, want)
		}
	})
	want := "www.example.com +14150000001 on +493012345678, www.example.com +14150000002 on +493012345678, anna, " +
		"www.example.com +14150000001 on +493012345678, ben"
	if err != nil || n != 3 || strings.Join(got, ", ") != want {
		t.Errorf("%d, %v: got  %s\nwant %s", n, err, strings.Join(got, ", "), want)
	}
	if n, err := l.Past(ctx, l.now.Add(time.Second), func(incident.Entry) {}, func(incident.Deed) {}); n != 0 || err != nil {
		t.Errorf("later: %d, %v", n, err)
	}
}
