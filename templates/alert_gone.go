package templates

import "github.com/backstop-project/backstop/incident"

// tellGone is of what the history removed before it could be told. It says that
// nothing can be looked up: whoever it wakes would search in vain.
func (a *Alerts) tellGone(m incident.Message) telling {
	if m.Alert.Kind == incident.DrillAlert {
		t := telling{Mood: practice, Line: "Drill, nothing is broken: the history no longer has it", Event: "A drill. Nothing is broken."}
		t.fact("This is a drill", words(drillMeans))
		return t
	}
	named := map[int64]bool{m.Alert.IncidentID: true}
	for _, folded := range m.Folded {
		named[folded.IncidentID] = true
	}
	line := Plural(int64(len(named)), "incident that the history no longer has", "incidents that the history no longer has")
	t := telling{Mood: calm, Line: line, Event: line}
	t.fact("What happened", words("It was removed, because of their age or for want of room, before this message could be sent."))
	t.fact("What is left", a.page("/incidents", "Incidents")...)
	return t
}
