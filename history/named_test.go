package history_test

import (
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
)

func TestALineIsFoundByItsName(t *testing.T) {
	t.Parallel()
	lines := []history.NamedLine{
		{Name: "Praxis Berlin", Address: "+493012345600"},
		{Name: "Praxis Bonn", Address: "+4922812345600"},
		{Name: "Support", Address: "+15551230001"},
		{Name: "Support at night", Address: "+15551230002"},
		{Name: "Notdienst Zürich", Address: "+41441234567"},
		{Name: "Chat", Address: "whatsapp:+15551230003"},
		{Name: "Switchboard", Address: "+4930*"},
		{Name: "Hotline", Address: "12345"},
		{Name: "Filiale", Address: "+4911"},
		{Name: "Filiale", Address: "+4912"},
		{Name: "Filiale", Address: "+4913"},
		{Name: "Filiale", Address: "+4914"},
		{Name: "Filiale", Address: "+4915"},
		{Name: "Filiale", Address: "+4916"},
	}
	for claim, c := range map[string]struct{ text, number, note, hint string }{
		"by its name":                   {"Praxis Berlin", "+493012345600", "Taken for Praxis Berlin, the line +493012345600.", ""},
		"in any case":                   {" praxis BERLIN ", "+493012345600", "Taken for Praxis Berlin", ""},
		"by a part of it":               {"bonn", "+4922812345600", "Taken for Praxis Bonn", ""},
		"with letters of its language":  {"ZÜRICH", "+41441234567", "Taken for Notdienst Zürich", ""},
		"by all of its name first":      {"support", "+15551230001", "Taken for Support,", ""},
		"with the way it is reached":    {"chat", "whatsapp:+15551230003", "Taken for Chat", ""},
		"by a short number":             {"hotline", "12345", "Taken for Hotline", ""},
		"one of several is to be said":  {"praxis", "", "", "Praxis Berlin (+493012345600), Praxis Bonn (+4922812345600). Write the number of one."},
		"of many some are named":        {"filiale", "", "", "Filiale (+4915), and 1 more. Write"},
		"many numbers are no one":       {"switchboard", "", "", "Switchboard is +4930*: write one of its numbers."},
		"one letter is in nearly every": {"a", "", "", history.SearchHint},
		"nothing asks for all":          {"", "", "", ""},
		"nobody is called so":           {"what broke last night?", "", "", history.SearchHint},
		"a number is none of a name":    {"+49 30 123456", "+4930123456", "", ""},
	} {
		found, problems := history.Search(c.text, time.UTC, func() []history.NamedLine { return lines })
		if found.Query.Number != c.number || !strings.HasPrefix(found.Note, c.note) || (c.note == "") != (found.Note == "") {
			t.Errorf("%s: got %+v", claim, found)
		}
		if (c.hint != "") != (len(problems) == 1) || c.hint != "" && !strings.Contains(problems[0].Hint, c.hint) {
			t.Errorf("%s: problems %+v, want one with %q", claim, problems, c.hint)
		}
	}
}
