package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/backstop-project/backstop/handlers/api"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio/sim"
)

// drillCase is one failure that is played, with what people do then.
type drillCase struct {
	Name     string   `yaml:"name"`
	Channel  string   `yaml:"channel"`   // voice where empty
	From     string   `yaml:"from"`      // who calls or writes
	Line     string   `yaml:"line"`      // whom
	Code     string   `yaml:"code"`      // Twilio's ErrorCode
	ErrorURL string   `yaml:"error_url"` // what failed
	MidCall  bool     `yaml:"mid_call"`  // the call was under way
	Body     string   `yaml:"body"`      // of a message
	People   []string `yaml:"people"`    // what whoever is rung does: takes it, mailbox, busy, no answer, failed
	Keys     []string `yaml:"keys"`      // that the caller presses, one for each question; "" for none
	Message  string   `yaml:"message"`   // how long the caller speaks after the tone: 12s
	HangsUp  string   `yaml:"hangs_up"`  // when the caller does: 20s
	Ends     string   `yaml:"ends"`      // saved, voicemail, callback requested, told, not told, lost; "" for whatever
}

// readCases reads a file of cases.
func readCases(path string) ([]drillCase, error) {
	raw, err := os.ReadFile(path) //nolint:gosec // a file that the operator names
	if err != nil {
		return nil, fmt.Errorf("the cases: %w", err)
	}
	var cases []drillCase
	if err := yaml.UnmarshalWithOptions(raw, &cases, yaml.DisallowUnknownField()); err != nil {
		return nil, fmt.Errorf("the cases in %s are not well formed: %w", path, err)
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("there is no case in %s: write a list, such as the one of examples/recovery/cases.yaml", path)
	}
	var errs []error
	for i, c := range cases {
		if err := c.check(); err != nil {
			errs = append(errs, fmt.Errorf("case %d, %s: %w", i+1, c.Name, err))
		}
	}
	return cases, errors.Join(errs...)
}

// peopleDo are the words for what somebody does who is rung.
func peopleDo(word string) (sim.DialOutcome, bool) {
	const conversation = 30 * time.Second
	switch word {
	case "takes it":
		return sim.Answered(conversation).Pressing("1"), true
	case "mailbox":
		return sim.Answered(conversation), true
	case "busy":
		return sim.Busy(), true
	case "no answer":
		return sim.NoAnswer(), true
	case "failed":
		return sim.Failed(), true
	}
	return sim.DialOutcome{}, false
}

func (c drillCase) check() error {
	for _, word := range c.People {
		if _, ok := peopleDo(word); !ok {
			return fmt.Errorf("people: %q is nothing that somebody does: write takes it, mailbox, busy, no answer or failed", word)
		}
	}
	for key, text := range map[string]string{"message": c.Message, "hangs_up": c.HangsUp} {
		if _, err := time.ParseDuration(text); text != "" && err != nil {
			return fmt.Errorf("%s: %q is no time: write one such as 12s", key, text)
		}
	}
	if c.Code != "" {
		if err := checkCode(c.Code); err != nil {
			return fmt.Errorf("code: %q: %w", c.Code, err)
		}
	}
	ends := []string{""}
	for o := incident.OutcomeUnknown; o <= incident.Lost; o++ {
		ends = append(ends, o.String())
	}
	if !slices.Contains(ends, c.Ends) {
		return fmt.Errorf("ends: %q is no end: write %s", c.Ends, strings.Join(ends[1:], ", "))
	}
	if c.Channel != "" && c.Channel != "voice" && c.Channel != "messaging" {
		return fmt.Errorf("channel: %q is none: write voice or messaging", c.Channel)
	}
	return nil
}

// script is what people do.
func (c drillCase) script() (s sim.Script) {
	for _, word := range c.People {
		outcome, _ := peopleDo(word)
		s.Dials = append(s.Dials, outcome)
	}
	for _, key := range c.Keys {
		s.Gathers = append(s.Gathers, sim.Press(key))
	}
	if c.Message != "" {
		length, _ := time.ParseDuration(c.Message) // checked
		s.Records = []sim.Recording{{Length: length, EndedBy: "#"}}
	}
	s.HangUpAfter, _ = time.ParseDuration(c.HangsUp)
	return s
}

// play plays the case, and walks the answers as the call would go on.
func (c drillCase) play(ctx context.Context, client sim.Client, base string) (sim.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, drillWalk)
	defer cancel()
	if c.Channel == "messaging" {
		return client.Send(ctx, base+"/fallback/messaging", sim.Message{From: c.From, To: c.Line, Body: c.Body, ErrorCode: c.Code, ErrorURL: c.ErrorURL})
	}
	call := sim.Call{From: c.From, To: c.Line, ErrorCode: c.Code, ErrorURL: c.ErrorURL, Script: c.script()}
	if c.MidCall {
		call.Situation = sim.MidCall
	}
	result, err := client.Place(ctx, base+"/fallback/voice", call)
	if err != nil || result.First().Err != nil {
		return result, err
	}
	return result, hangUp(ctx, client, base, call, result.SID)
}

// hangUp tells that the call is over, as Twilio does where a status callback is
// set: https://www.twilio.com/docs/voice/api/call-resource#statuscallback
func hangUp(ctx context.Context, client sim.Client, base string, call sim.Call, sid string) error {
	over := sim.Call{SID: sid, From: call.From, To: call.To, AskedFirst: true, Changes: sim.Changes{Set: sim.Params{{Name: "CallStatus", Value: "completed"}}}}
	q, err := over.Request(client.Account, base+"/fallback/voice/status")
	if err != nil {
		return err
	}
	if failed := client.Do(ctx, q).Err; failed != nil {
		return failed
	}
	return nil
}

// drillSettled is how long a case may take to end in the history as it has to:
// what comes back is fed like the failure itself.
const drillSettled = 10 * time.Second

// playCases plays them one after the other, prints what each came to, and says
// at last which did not end as they have to.
func (d drillCommand) playCases(ctx context.Context, w *world, cases []drillCase, client sim.Client, base string, wait drillWaiting) error {
	var failed []error
	for i, c := range cases {
		result, err := c.play(ctx, client, base)
		if err != nil {
			return err
		}
		if err := w.say("%d. %s\n\n%s\n", i+1, c.Name, result); err != nil {
			return err
		}
		if err := wait.reached(result); err != nil {
			return err
		}
		wait.sid = result.SID
		ended, err := c.judge(ctx, wait, result)
		if isElsewhere(err) {
			return fmt.Errorf("the Backstop at %s does not know this drill key: another one answers there, or its pages are elsewhere (--to, --api, --key-file): %w", base, err)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%d. %s: %w", i+1, c.Name, err))
			ended = "NOT AS IT HAS TO: " + err.Error()
		}
		if err := w.say("   %s\n\n", ended); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return errors.Join(failed...)
	}
	return w.say("All %s ended as they have to.\n", number(len(cases), "case"))
}

// judge waits until the history says how the case ended.
func (c drillCase) judge(ctx context.Context, wait drillWaiting, result sim.Result) (ended string, err error) {
	if err := result.Err(); err != nil {
		return "", fmt.Errorf("the answer is not what a caller should get: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, drillSettled)
	defer cancel()
	var last api.Drill
	for {
		report, err := wait.ask(ctx)
		switch {
		case err == nil && report.Recorded && (c.Ends == "" || report.Outcome == c.Ends):
			return fmt.Sprintf("Ended: %s. %s/history/%s", report.Outcome, wait.page, report.FailureID), nil
		case err == nil:
			last = report
		case isElsewhere(err):
			return "", err
		}
		select {
		case <-ctx.Done():
			if !last.Recorded {
				return "", errors.Join(errors.New("it is not in the history: look at /healthz and the log"), err)
			}
			return "", fmt.Errorf("it ended %s, and has to end %s", last.Outcome, c.Ends)
		case <-time.After(drillPoll):
		}
	}
}
