package incident_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
)

func TestABacklogIsToldOnceByThoseThatWork(t *testing.T) {
	t.Parallel()
	late := func(name string, told bool) incident.Queue {
		return incident.Queue{Notifier: name, Failing: true, LastError: "connection refused", Waiting: 3, Since: noon.Add(-2 * time.Minute), Told: told}
	}
	well := func(name string, told bool) incident.Queue { return incident.Queue{Notifier: name, Told: told} }
	for _, test := range []struct {
		claim  string
		queues []incident.Queue
		want   []string // notifier, what, to whom, urgency
	}{
		{"nothing is late", []incident.Queue{well("ops", false), well("chat", false), well("clinic", false), well("pager", false)}, nil},
		{"not late yet", []incident.Queue{{Notifier: "ops", Failing: true, Waiting: 1, Since: noon.Add(-119 * time.Second)}}, nil},
		{"late", []incident.Queue{late("ops", false)}, []string{"ops begins to chat,clinic: notice"}},
		{"late, and told", []incident.Queue{late("ops", true)}, nil},
		{"over, for those of them who were told", []incident.Queue{well("ops", true)}, []string{"ops over to chat,clinic,pager: notice"}},
		{"nothing waits any more, but it still fails", []incident.Queue{{Notifier: "ops", Failing: true, Told: true}}, nil},
		{"a hanging attempt", []incident.Queue{{Notifier: "ops", Waiting: 1, Since: noon.Add(-time.Hour)}}, []string{"ops begins to chat,clinic: notice"}},
		{"others fail as well", []incident.Queue{late("ops", false), {Notifier: "chat", Failing: true}}, []string{"ops begins to clinic: notice"}},
		{"one that wakes people", []incident.Queue{late("pager", false)}, []string{"pager begins to ops,chat,clinic: page"}},
		{"only the pager is left", []incident.Queue{late("ops", false), late("chat", false), late("clinic", true)}, []string{"ops begins to pager: page", "chat begins to pager: page"}},
		{"nobody is left", []incident.Queue{late("ops", false), late("chat", false), late("clinic", true), late("pager", false)}, nil},
		{"over, and nobody is left to say so", []incident.Queue{well("ops", true), late("chat", true), late("clinic", true), late("pager", true)}, []string{"ops over"}},
	} {
		var got []string
		for _, n := range house().Backlogs(test.queues, noon) {
			what := n.Notifier + map[bool]string{true: " begins", false: " over"}[n.Told]
			if n.Alert.Kind == incident.Meta {
				what += " to " + strings.Join(n.Alert.Only, ",") + ": " + n.Alert.Urgency.String()
			}
			got = append(got, what)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.claim, got, test.want)
		}
	}
	news := house().Backlogs([]incident.Queue{late("ops", false)}, noon)
	const says = "The notifier ops has taken nothing for 2 minutes; 3 alerts wait. Its last error: connection refused. " +
		"They are tried for a day, and are on the page all the same. First thing to do: mend what the error says, and try it with `backstop check --notify`."
	if got := news[0].Alert; got.Detail != says || got.Except != "ops" || len([]rune(got.Title)) > 70 {
		t.Errorf("got %q: %q", got.Title, got.Detail)
	}
}

func TestWhatIsAboutANotifierGoesToThoseThatWorkElseToAllOthers(t *testing.T) {
	t.Parallel()
	about := func(name string, failing ...string) incident.Alert {
		var queues []incident.Queue
		for _, one := range failing {
			queues = append(queues, incident.Queue{Notifier: one, Failing: true})
		}
		return house().AboutNotifier(incident.Alert{Kind: incident.Meta, Topic: incident.NotifierTopic.About(name), Except: name}, queues, noon)
	}
	if a := about("ops", "chat"); !slices.Equal(a.Only, []string{"clinic"}) || a.Urgency != incident.Notice {
		t.Errorf("got %q, %s", a.Only, a.Urgency)
	}
	if a := about("pager"); !slices.Equal(a.Only, []string{"ops", "chat", "clinic"}) || a.Urgency != incident.Page {
		t.Errorf("got %q, %s: it wakes people", a.Only, a.Urgency)
	}
	if a := about("ops", "chat", "clinic", "pager"); a.Only != nil {
		t.Errorf("got %q: nobody works, so it waits for all", a.Only)
	}
}
