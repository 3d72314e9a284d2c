package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/backstop-project/backstop/handlers/pages"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/recovery"
)

// state is what is wrong with Backstop itself, as pages and health say it. A
// nil pointer means that nothing is.
type state struct {
	folder    atomic.Pointer[string]
	journal   atomic.Pointer[string]
	retention atomic.Pointer[string]
	shortage  atomic.Pointer[string]
	reload    atomic.Pointer[string]
	removed   removals

	// The notifiers whose last attempt had failed when the ledger was opened;
	// nil while nobody knows.
	failed atomic.Pointer[map[string]bool]

	// How notifiers got on with what waits for them, at the last look.
	queues atomic.Pointer[[]incident.Queue]

	pressures atomic.Pointer[[]pressure]

	// When it was told last, as Unix nanoseconds, that memory is nearly full,
	// and that it is full: the lesser news must not swallow the worse.
	slimTold, lostTold atomic.Int64
}

// degraded names the parts that do not work, for /healthz.
func (a *app) degraded() []string {
	var parts []string
	for _, part := range []struct {
		name    string
		trouble *atomic.Pointer[string]
	}{
		{"data folder", &a.state.folder}, {"journal", &a.state.journal}, {"retention", &a.state.retention}, {"reload", &a.state.reload},
	} {
		if part.trouble.Load() != nil {
			parts = append(parts, part.name)
		}
	}
	if since, _ := a.sentinel.Away(); !since.IsZero() {
		parts = append(parts, "history")
	}
	if a.heart.ill() {
		parts = append(parts, "check of itself")
	}
	if a.nobodyTold() {
		parts = append(parts, "notifiers")
	}
	return parts
}

// nobodyTold says whether notifiers are configured and none of them works.
func (a *app) nobodyTold() bool {
	status := a.dispatcher.Status()
	return len(status) > 0 && len(failingOf(status, a.state.failed.Load())) == len(status)
}

// failingOf names the notifiers whose last attempt failed: of this process, or
// where it has made none of the one before, as the ledger knew it.
func failingOf(status []notify.Status, before *map[string]bool) []string {
	var failing []string
	for _, s := range status {
		fails := s.Errors > 0
		if s.LastSuccess.IsZero() && s.LastFailure.IsZero() && before != nil {
			fails = (*before)[s.Name]
		}
		if fails {
			failing = append(failing, s.Name)
		}
	}
	return failing
}

// learnFailed asks a ledger that was just opened how the notifiers did.
func (a *app) learnFailed() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	statuses, err := a.slot.Notifiers(ctx)
	if err != nil {
		return // nothing is known, as before
	}
	failed := map[string]bool{}
	for _, s := range statuses {
		failed[s.Name] = s.LastFailure.After(s.LastSuccess)
	}
	a.state.failed.Store(&failed)
}

// recallCalls asks the ledger that is opened first after a start which calls were
// failing before it, so that one that goes round in circles still ends.
func (a *app) recallCalls() {
	if a.recalled.Swap(true) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	calls, err := a.slot.recentCalls(ctx, a.w.now().Add(-recovery.CallsFor))
	if err != nil {
		a.log.Warn("calls from before the start are not known: a call that goes round in circles does so once more", "err", err)
		return
	}
	for _, c := range calls {
		a.lasting.calls.Recall(recovery.Recalled{
			AccountSID: c.AccountSID, SID: c.SID, Failure: c.Newest, At: c.At, ErrorURL: c.ErrorURL, Failed: c.Failed, Retries: c.Retries,
		})
	}
}

// notices are what pages say about Backstop itself.
func (a *app) notices() []pages.Notice {
	var list []pages.Notice
	add := func(urgent bool, trouble *string, title, detail string) {
		if trouble != nil {
			list = append(list, pages.Notice{Urgent: urgent, Title: title, Detail: fmt.Sprintf(detail, *trouble)})
		}
	}
	add(true, a.state.folder.Load(), "The data folder is not usable", "Calls are answered, nothing is written down. %s")
	add(true, a.state.journal.Load(), "Failures are not written down", "Calls are answered; failures wait in memory. The journal says: %s")
	if since, why := a.sentinel.Away(); !since.IsZero() {
		list = append(list, pages.Notice{
			Urgent: true, Title: "The history is unavailable",
			Detail: fmt.Sprintf("Since %s: %s. Calls are answered and written to the journal, and shown here when the ledger is back.", since.In(zone(a.current.Load().config)).Format(time.RFC3339), why),
		})
	}
	add(false, a.state.retention.Load(), "Old failures are not removed", "%s")
	add(false, a.state.shortage.Load(), "The history is full", "%s")
	list = append(list, a.backlogNotices(a.w.now())...)
	list = append(list, a.state.pressureNotices()...)
	list = append(list, a.heart.notices()...)
	list = append(list, a.certificates.notices(a.w.now())...)
	list = append(list, a.planned.notices()...)
	add(false, a.state.reload.Load(), "The changed configuration was refused", "The one before goes on. Mend it and send SIGHUP again. %s")
	return list
}

// setup is how far Backstop has been set up.
func (a *app) setup() pages.Setup {
	c := a.current.Load().config
	s := pages.Setup{Notifiers: a.notifierNames(), Failing: failingOf(a.dispatcher.Status(), a.state.failed.Load()), Command: a.command()}
	if c.PublicURL.IsZero() {
		s.Missing = append(s.Missing, "PUBLIC_URL")
		if found := a.hook.Public(); !found.IsZero() {
			s.SuggestedURL = found.String()
		}
	}
	tokens, sid := false, false
	for _, account := range c.Accounts {
		tokens = tokens || len(account.Tokens) > 0
		sid = sid || account.SID != ""
	}
	if !tokens && !sid {
		s.Missing = append(s.Missing, "TWILIO_ACCOUNT_SID")
	}
	if !tokens {
		s.Missing = append(s.Missing, "TWILIO_AUTH_TOKEN")
	}
	return s
}

func (a *app) notifierNames() []string {
	var names []string
	for _, row := range a.current.Load().policy.Notifiers {
		names = append(names, row.Name)
	}
	return names
}

// unverified sums up the requests that failed the signature check.
func (a *app) unverified() pages.Unverified {
	list := a.hook.Unverified(unverifiedShown)
	var u pages.Unverified
	counts := map[string]int{}
	for _, one := range list {
		if u.Newest.IsZero() {
			u.Newest = one.At
		}
		u.Since = one.At
		u.Count++
		i, known := counts[one.Reason.Text]
		if !known {
			i = len(u.Reasons)
			counts[one.Reason.Text] = i
			u.Reasons = append(u.Reasons, pages.Reason{Text: one.Reason.Text})
		}
		u.Reasons[i].Count++
	}
	sortReasons(u.Reasons)
	return u
}

// sortReasons puts the most frequent first.
func sortReasons(reasons []pages.Reason) {
	slices.SortStableFunc(reasons, func(a, b pages.Reason) int { return cmp.Compare(b.Count, a.Count) })
}

const unverifiedShown = 5000

// pageSettings is the part of the configuration that pages go by.
func (a *app) pageSettings() pages.Settings {
	c := a.current.Load().config
	s := pages.Settings{
		Zone: zone(c), AdminURL: c.AdminURL, TrustedProxies: c.TrustedProxies,
		Mask: history.Mask{Numbers: c.Privacy.MaskNumbers}, Reject: c.Reject,
	}
	if !c.PublicURL.IsZero() {
		s.PublicURL = c.PublicURL.String()
	}
	return s
}
