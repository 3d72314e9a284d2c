package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
)

type exportStaticCommand struct {
	Folder string `arg:"" help:"The folder that gets the documents and the map of nginx: deploy/nginx.conf names /etc/nginx/backstop." placeholder:"FOLDER"`
}

// Files of an export; those of lines are named line-1.xml and so on.
const (
	staticVoice   = "voice.xml"
	staticNothing = "nothing.xml"
	staticHangUp  = "hangup.xml"
	staticLeave   = "leave.xml"
	staticMap     = "map.conf"
)

// Run writes what a reverse proxy can answer by itself while Backstop is gone:
// the words of each line, and where words would do harm what does none.
func (e exportStaticCommand) Run(ctx context.Context, w *world, c *cli) error {
	p, err := w.assembled(c)
	if err != nil {
		return err
	}
	s := p.static(ctx)
	if err := os.MkdirAll(e.Folder, 0o755); err != nil { //nolint:gosec // the proxy reads it, and callers hear what is in it
		return fmt.Errorf("export: %w: name a folder that this user may write to", err)
	}
	for name, content := range s.files {
		if err := os.WriteFile(filepath.Join(e.Folder, name), content, 0o644); err != nil { //nolint:gosec // likewise
			return fmt.Errorf("export: %w: name a folder that this user may write to", err)
		}
	}
	if err := w.say("%s for a proxy to answer with while Backstop is gone: %s\n", number(len(s.files)-1, "document"), e.Folder); err != nil {
		return err
	}
	for _, note := range s.notes {
		if err := w.say("%s\n", note); err != nil {
			return err
		}
	}
	return w.say("Reload the proxy now, and export again whenever texts or lines change.\n")
}

// static is an export.
type static struct {
	files map[string][]byte
	notes []string
	lines []staticLine
}

// staticLine is a line that has words of its own.
type staticLine struct{ match, file string }

func (p *parts) static(ctx context.Context) static {
	s := static{files: map[string][]byte{
		staticVoice:   p.spoken(ctx, ""),
		staticNothing: recovery.Nothing(),
		staticHangUp:  recovery.ApologyAt("/fallback/voice/"+string(recovery.ActionScreen)+"/", incident.Voice),
		staticLeave:   recovery.ApologyAt("/fallback/voice/"+string(recovery.ActionWait)+"/", incident.Voice),
	}}
	if hasRecording(s.files[staticVoice]) {
		s.files[staticVoice] = recovery.Apology(incident.Voice)
		s.notes = append(s.notes, "The default text is a recording, which Backstop serves itself: the proxy says the plain apology.")
	}
	named := map[string]string{string(s.files[staticVoice]): staticVoice}
	for _, line := range p.config.Recovery.Lines {
		number, _ := strings.CutSuffix(line.Match, "*")
		if !strings.HasPrefix(number, "+") || strings.Trim(number[1:], "0123456789") != "" {
			continue // no call comes to it by a number
		}
		document := p.spoken(ctx, number)
		if hasRecording(document) {
			s.notes = append(s.notes, fmt.Sprintf("The text of %s is a recording, which Backstop serves itself: the proxy says the default one.", line.Match))
			document = s.files[staticVoice]
		}
		file, known := named[string(document)]
		if !known {
			file = fmt.Sprintf("line-%d.xml", len(named))
			named[string(document)], s.files[file] = file, document
		}
		s.lines = append(s.lines, staticLine{line.Match, file})
	}
	s.files[staticMap] = s.nginxMap()
	return s
}

// spoken is what somebody hears who calls that number when nothing is left but
// words.
func (p *parts) spoken(ctx context.Context, number string) []byte {
	f := incident.NewFailure(time.Now(), "POST", []incident.Param{
		{Name: "CallSid", Value: "CA00000000000000000000000000000000"},
		{Name: "To", Value: number},
		{Name: "Direction", Value: "inbound"},
		{Name: "ErrorCode", Value: "11200"},
		{Name: "CallStatus", Value: "ringing"},
	})
	plan := recovery.Decide(f, p.rules, recovery.State{})
	plan.Steps, plan.Quiet = nil, false
	document, _ := p.recovery.Answer(ctx, recovery.Request{Failure: f}, plan)
	return document
}

func hasRecording(document []byte) bool { return bytes.Contains(document, []byte("<Play")) }

// nginxMap chooses a document by the address and the parameters of a request, as
// Twilio sends them: "+" in a number is %2B. The first pattern that matches
// counts, so that the most specific line comes first.
func (s static) nginxMap() []byte {
	var b bytes.Buffer
	b.WriteString(`# Made by backstop export-static; include it where http is configured. It names the
# document with which the proxy answers Twilio while Backstop is gone.
map "$request_uri&$request_body" $backstop_static {
	default ` + staticVoice + `;
`)
	pattern := func(regex, file string) { fmt.Fprintf(&b, "\t\"~%s\" %s;\n", regex, file) }
	pattern("^/fallback/messaging", staticNothing) // a reply to whoever writes could be answered, for ever
	pattern("^/fallback/voice/("+string(recovery.ActionScreen)+"|"+string(recovery.ActionAccept)+")/", staticHangUp)
	pattern("^/fallback/voice/"+string(recovery.ActionWait)+"/", staticLeave)
	pattern("^/fallback/voice/("+string(recovery.ActionRecording)+"|"+string(recovery.ActionTranscribed)+")/", staticNothing)
	pattern("^/fallback/voice/status", staticNothing)
	pattern("^/fallback[?&].*(Message|Sms)Sid=", staticNothing)
	lines := slices.SortedStableFunc(slices.Values(s.lines), func(a, b staticLine) int {
		return cmp.Or(compareBool(strings.HasSuffix(a.match, "*"), strings.HasSuffix(b.match, "*")), cmp.Compare(len(b.match), len(a.match)))
	})
	for _, line := range lines {
		number, prefix := strings.CutSuffix(strings.TrimPrefix(line.match, "+"), "*")
		end := "(&|$)"
		if prefix {
			end = ""
		}
		pattern("[?&]To=%2B"+number+end, line.file)
	}
	b.WriteString("}\n")
	return b.Bytes()
}

// compareBool puts false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
