package recovery_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
)

// BenchmarkWhatRulesAdd says how much longer an answer takes with fifty rules of
// which the last matches, and with each step that keeps the caller on the line,
// than the plain apology, measured one beside the other.
func BenchmarkWhatRulesAdd(b *testing.B) {
	many := func(last recovery.StepOptions) recovery.Options {
		o := steps(last, recovery.StepOptions{Message: true})
		matching := o.Rules[0]
		matching.Match = recovery.Match{Channel: "voice", Codes: []string{"11200-11299"}, Hosts: []string{"*.example.com"}, To: []string{"+*"}}
		o.Rules = nil
		for i := range 49 {
			o.Rules = append(o.Rules, recovery.RuleOptions{
				Match: recovery.Match{Channel: "voice", Codes: []string{"11200-11299"}, To: []string{fmt.Sprintf("+4930%04d*", i)}},
				Steps: []recovery.StepOptions{{Message: true}},
			})
		}
		o.Rules = append(o.Rules, matching)
		o.Limits = recovery.LimitOptions{DialsPerHour: 1 << 40, CallsPerCaller: 1 << 40}
		return o
	}
	for name, step := range map[string]recovery.StepOptions{
		"message":   {Message: true},
		"dial":      dialling(recovery.DialOptions{To: []string{anna, ben}}),
		"voicemail": {Voicemail: &recovery.VoicemailOptions{}},
		"callback":  {Callback: true},
		"enqueue":   {Enqueue: &recovery.EnqueueOptions{Queue: "support"}},
	} {
		b.Run(name, func(b *testing.B) {
			o := many(step)
			if step.Message {
				o.Rules[49].Steps = []recovery.StepOptions{step}
			}
			bare, with := answeringWith(b, recovery.Options{House: o.House}), answeringWith(b, o)
			var spent [2]time.Duration
			for b.Loop() {
				for i, answer := range []func(){bare, with} {
					began := time.Now()
					answer()
					spent[i] += time.Since(began)
				}
			}
			n := time.Duration(b.N)
			b.ReportMetric(float64((spent[1]-spent[0])/n)/1000, "more-µs")
			b.ReportMetric(float64(spent[0]/n)/1000, "bare-µs")
		})
	}
}

func answeringWith(b *testing.B, o recovery.Options) func() {
	b.Helper()
	r, err := recovery.NewRules(o, words(b).Knows)
	if err != nil {
		b.Fatal(err)
	}
	answers := recovery.New(recovery.Parts{Texts: words(b)})
	ctx, n := context.Background(), 0
	return func() {
		n++
		f := incident.NewFailure(noon(), "POST", []incident.Param{
			{Name: "CallSid", Value: fmt.Sprintf("CA%032x", n)},
			{Name: "AccountSid", Value: account},
			{Name: "From", Value: "+14155550100"},
			{Name: "To", Value: "+4930999999"},
			{Name: "ErrorUrl", Value: failedURL},
			{Name: "ErrorCode", Value: "11200"},
			{Name: "CallStatus", Value: "ringing"},
			{Name: "Direction", Value: "inbound"},
		})
		document, _ := answers.Answer(ctx, recovery.Request{Failure: f}, recovery.Decide(f, r, answers.Failed(f)))
		if len(document) == 0 {
			b.Fatal("no answer")
		}
	}
}
