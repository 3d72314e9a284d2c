package history_test

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

func TestQueriesOfCallersReadBackFromTheirURL(t *testing.T) {
	t.Parallel()
	for name, q := range map[string]history.CallerQuery{
		"the default":               {},
		"a time":                    {From: now.Add(-time.Hour), To: now},
		"an incident":               {Incident: 12},
		"a state":                   {State: history.CallbackNever},
		"an outcome":                {Outcome: history.Outcome{Is: incident.CallbackRequested, Set: true}},
		"all":                       {All: true},
		"a place":                   {Before: 4711, Limit: 20},
		"a place among the settled": {Before: -4711, All: true},
	} {
		if back, problems := history.ParseCallerQuery(q.Values(), now, berlin); back != q || len(problems) != 0 {
			t.Errorf("%s: %s reads back as %+v, %v", name, q.Values().Encode(), back, problems)
		}
	}
}

func TestWhatAQueryOfCallersSaysIsUnderstoodOrNamed(t *testing.T) {
	t.Parallel()
	for given, wrong := range map[string]string{
		"state=no+answer": "", "state=No-Answer": "", "state=asleep": "state", "since=7d": "", "since=soon": "since", "incident=x": "incident",
		"outcome=voicemail": "", "outcome=Callback+Requested": "", "outcome=unknown": "", "outcome=well": "outcome",
		"all=perhaps": "all", "before=0": "before", "before=x": "before", "cod=11200": "cod", "since=2026-11-23&until=2026-11-22": "since", "limit=501": "limit",
	} {
		v, err := url.ParseQuery(given)
		if err != nil {
			t.Fatal(err)
		}
		q, problems := history.ParseCallerQuery(v, now, berlin)
		if wrong == "" && (len(problems) > 0 || q == history.CallerQuery{}) || wrong != "" && (len(problems) != 1 || problems[0].Field != wrong) {
			t.Errorf("%s: %+v, problems %+v", given, q, problems)
		}
	}
}

func TestAListOfCallersIsOfTheLastWeekUnlessItSaysOtherwise(t *testing.T) {
	t.Parallel()
	week := now.Add(-7 * 24 * time.Hour)
	for name, tt := range map[string]struct {
		q        history.CallerQuery
		from, to time.Time
	}{
		"by default":  {history.CallerQuery{}, week, time.Time{}},
		"a beginning": {history.CallerQuery{From: now.Add(-time.Hour)}, now.Add(-time.Hour), time.Time{}},
		"an end":      {history.CallerQuery{To: week}, week.Add(-7 * 24 * time.Hour), week},
		"an incident": {history.CallerQuery{Incident: 1}, time.Time{}, time.Time{}},
	} {
		if from, to := tt.q.Window(now); !from.Equal(tt.from) || !to.Equal(tt.to) {
			t.Errorf("%s: %v to %v, want %v to %v", name, from, to, tt.from, tt.to)
		}
	}
}

func TestStatesOfCallbacksAreWrittenAndRead(t *testing.T) {
	t.Parallel()
	for _, s := range history.CallbackStates() {
		if back, ok := history.ParseCallbackState(s.String()); !ok || back != s {
			t.Errorf("%v reads back as %v", s, back)
		}
	}
	if _, ok := history.ParseCallbackState("unknown"); ok || history.CallbackState(0).String() != "unknown" {
		t.Error("what is no state is one")
	}
}

func TestACallbackIsClaimedOnce(t *testing.T) {
	t.Parallel()
	at := now
	for name, tt := range map[string]struct {
		is   history.Callback
		last time.Time
		ok   bool
	}{
		"nobody has dealt with it":             {history.Callback{}, at, true},
		"nobody was reached":                   {history.Callback{State: history.CallbackNoAnswer, By: "ada", At: at}, at, true},
		"somebody has it":                      {history.Callback{State: history.CallbackClaimed, ClaimedBy: "ada", At: at}, at, false},
		"it is done":                           {history.Callback{State: history.CallbackDone, By: "ada", At: at}, at, false},
		"it was done, and they tried again":    {history.Callback{State: history.CallbackDone, By: "ada", At: at}, at.Add(time.Second), true},
		"they do not want it, and tried again": {history.Callback{State: history.CallbackNever, By: "ada", At: at}, at.Add(time.Second), false},
	} {
		next, ok := tt.is.Claim("ben", at.Add(time.Minute), tt.last)
		if ok != tt.ok || ok != (next.ClaimedBy == "ben" && next.State == history.CallbackClaimed) || !ok && next != tt.is {
			t.Errorf("%s: %v, %+v", name, ok, next)
		}
	}
}

func TestACallbackRemembersWhoClaimedItUntilItIsGivenBack(t *testing.T) {
	t.Parallel()
	claimed, _ := history.Callback{}.Claim("ada", now, now)
	change := history.CallbackChange{State: history.CallbackCalled, By: "ben", At: now.Add(time.Minute), Seen: now}
	called, ok := claimed.Change(change)
	if !ok || called.ClaimedBy != "ada" || called.By != "ben" {
		t.Errorf("called: %+v", called)
	}
	called.Note = "at noon"
	back, ok := called.Change(history.CallbackChange{State: history.CallbackNew, KeepNote: true, By: "ben", At: now, Seen: now.Add(time.Minute)})
	if !ok || back.ClaimedBy != "" || !back.ClaimedAt.IsZero() || back.Note != "at noon" {
		t.Errorf("given back: %+v", back)
	}
	if _, ok := called.Change(change); ok {
		t.Error("it is changed by somebody who has not seen what it is")
	}
	first, ok := history.Callback{}.Change(history.CallbackChange{State: history.CallbackClaimed, By: "ben", At: now})
	if !ok || first.ClaimedBy != "ben" {
		t.Errorf("claimed by a change: %v, %+v", ok, first)
	}
}

func TestListsOfCallersBeginWithThoseForWhomSomethingIsLeftToDo(t *testing.T) {
	t.Parallel()
	row := func(serial int64, o incident.Outcome, s history.CallbackState) history.CallerCursor {
		return history.CallerRow{Serial: serial, Outcome: o, Callback: history.Callback{State: s}}.Cursor()
	}
	want := []history.CallerCursor{
		row(5, incident.Told, 0), row(2, incident.Voicemail, history.CallbackNoAnswer), row(1, incident.Lost, history.CallbackClaimed),
		row(6, incident.Saved, 0), row(4, incident.Told, history.CallbackNever), row(3, incident.Told, history.CallbackDone),
	}
	got := []history.CallerCursor{want[3], want[1], want[5], want[0], want[4], want[2]}
	slices.SortFunc(got, history.CompareCallers)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWhoIsInAListOfCallers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		q    history.CallerQuery
		s    history.CallbackState
		o    incident.Outcome
		want bool
	}{
		"by default whoever was told":           {history.CallerQuery{}, history.CallbackNew, incident.Told, true},
		"by default nobody who was saved":       {history.CallerQuery{}, history.CallbackNew, incident.Saved, false},
		"by default nobody who is done with":    {history.CallerQuery{}, history.CallbackDone, incident.Lost, false},
		"by default who must not be called":     {history.CallerQuery{}, history.CallbackNever, incident.Lost, true},
		"those who are done with, if asked for": {history.CallerQuery{State: history.CallbackDone}, history.CallbackDone, incident.Lost, true},
		"of a state nobody else":                {history.CallerQuery{State: history.CallbackDone}, history.CallbackNew, incident.Lost, false},
		"of an outcome those":                   {history.CallerQuery{Outcome: history.Outcome{Is: incident.Voicemail, Set: true}}, history.CallbackNew, incident.Voicemail, true},
		"of those of whom it is not known":      {history.CallerQuery{Outcome: history.Outcome{Set: true}}, history.CallbackNew, incident.OutcomeUnknown, true},
		"of an outcome nobody else":             {history.CallerQuery{Outcome: history.Outcome{Is: incident.Voicemail, Set: true}}, history.CallbackNew, incident.Told, false},
		"of an outcome nobody who is done with": {history.CallerQuery{Outcome: history.Outcome{Is: incident.Voicemail, Set: true}}, history.CallbackDone, incident.Voicemail, false},
		"who asked for a call, and left word":   {history.CallerQuery{Outcome: history.Outcome{Is: incident.CallbackRequested, Set: true}}, history.CallbackNew, incident.Voicemail, true},
		"who was saved, if asked for":           {history.CallerQuery{Outcome: history.Outcome{Is: incident.Saved, Set: true}}, history.CallbackNew, incident.Saved, true},
		"of all those of an outcome":            {history.CallerQuery{All: true, Outcome: history.Outcome{Is: incident.Voicemail, Set: true}}, history.CallbackDone, incident.Told, false},
		"of all also who was saved":             {history.CallerQuery{All: true}, history.CallbackDone, incident.Saved, true},
		"of all those of one state":             {history.CallerQuery{All: true, State: history.CallbackNew}, history.CallbackDone, incident.Saved, false},
	} {
		row := history.CallerRow{Outcome: tt.o, LastAt: now, Asked: tt.o == incident.Voicemail}
		if row.Callback = (history.Callback{State: tt.s, At: now}); row.State() != tt.s {
			t.Fatalf("%s: the row's state is %v, not %v", name, row.State(), tt.s)
		}
		if got := tt.q.Wants(row); got != tt.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
