package twilio_test

import (
	"testing"

	"github.com/backstop-project/backstop/twilio"
)

func TestWhoOptsOutIsKnownByTheServiceElseByTheWord(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		params []twilio.Param
		want   bool
	}{
		"the word":                      {[]twilio.Param{{Name: "Body", Value: " stop. "}}, true},
		"a word of another language":    {[]twilio.Param{{Name: "Body", Value: "Abmelden"}}, true},
		"a word among others":           {[]twilio.Param{{Name: "Body", Value: "do not stop"}}, false},
		"the service says so":           {[]twilio.Param{{Name: "Body", Value: "genug jetzt"}, {Name: "OptOutType", Value: "STOP"}}, true},
		"the service says another":      {[]twilio.Param{{Name: "Body", Value: "END"}, {Name: "OptOutType", Value: "HELP"}}, false},
		"nothing was written":           {nil, false},
		"a word by which one opts in":   {[]twilio.Param{{Name: "Body", Value: "START"}}, false},
		"only the first of two counts":  {[]twilio.Param{{Name: "Body", Value: "hello"}, {Name: "Body", Value: "STOP"}}, false},
		"the service says it in small":  {[]twilio.Param{{Name: "OptOutType", Value: "stop"}}, true},
		"an empty type is none of them": {[]twilio.Param{{Name: "OptOutType", Value: ""}, {Name: "Body", Value: "STOP"}}, true},
	} {
		if got := twilio.OptsOut(c.params); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
