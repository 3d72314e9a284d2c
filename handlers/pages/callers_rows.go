package pages

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio"
)

// callerView is one person in the list.
type callerView struct {
	ID, Href             string // of their newest failure
	Action               string // where what is done about them is sent
	Person, Tel          string // no Tel where it may not be shown, or nobody is to call
	There, Wait          string // their time of day, and whether it is one to call at
	Line, LineName       string
	Tried                string
	First, Last          Moment
	Once                 bool
	Outcome, OutcomeKind string
	Incident             int64
	Wrote                string
	Stop                 bool // they wrote STOP or the like, and want no more messages
	Left                 []leftView
	Hidden               string // what is not shown of that: "what they wrote"
	Callback             callbackView
	Revealed             bool
}

// leftView is a recording that somebody left.
type leftView struct {
	Words  string
	Listen string // where it is heard
}

// callbackView is how it stands with calling them back.
type callbackView struct {
	State, Kind string
	By          string // who has it, or changed it last
	At          Moment
	Note        string
	Edit        string // the note as it is, where none of it is masked
	Masked      bool   // else
	Seen        string
	Again       bool // it was done, and they tried again
	CanClaim    bool
	Options     []optionView
}

func (p *Pages) callerViews(q history.CallerQuery, rows []history.CallerRow, revealed bool) []callerView {
	settings := p.Settings()
	mask := settings.Mask
	if revealed {
		mask = history.Mask{}
	}
	clocks := clocks{now: p.Now(), zones: map[string]*time.Location{}}
	views := make([]callerView, 0, len(rows))
	for _, r := range rows {
		view := callerOf(r, mask, settings.Zone)
		view.Action = callersPath + "/" + view.ID + callersQuery(q) + "#c-" + view.ID
		view.There, view.Wait = clocks.there(r.Person)
		view.Revealed = revealed
		view.fillWords(r, revealed)
		views = append(views, view)
	}
	return views
}

func callerOf(r history.CallerRow, mask history.Mask, zone *time.Location) callerView {
	view := callerView{
		ID: r.Newest.String(), Href: historyPath + "/" + r.Newest.String(), Person: address(r.Person, mask), Line: address(r.Line, mask),
		LineName: history.Visible(cut(r.Name, 80)), Tried: tried(r), First: momentIn(r.FirstAt, zone), Last: momentIn(r.LastAt, zone),
		Once: r.FirstAt.Equal(r.LastAt), Outcome: cameOf(r), OutcomeKind: outcomeKind(r.Outcome), Incident: r.Incident,
		Callback: callbackOf(r, mask, zone), Stop: twilio.KeywordOf(r.Wrote) == twilio.KeywordOptOut,
	}
	if to := twilio.ParseAddress(r.Person).Number; to != "" && mask.Number(r.Person) == r.Person && r.State() != history.CallbackNever {
		view.Tel = to
	}
	return view
}

// cameOf is the best that came of their tries, and that they asked for a call.
func cameOf(r history.CallerRow) string {
	words := outcomeWords(r.Outcome, r.Channel, "")
	if asked := outcomeWords(incident.CallbackRequested, r.Channel, ""); r.Asked && words != asked {
		words += ", " + asked
	}
	return words
}

// tried is how often they did: "2 calls, 1 message".
func tried(r history.CallerRow) string {
	var all []string
	for _, n := range []struct {
		count     int64
		one, many string
	}{{r.Calls, "call", "calls"}, {r.Messages, "message", "messages"}, {r.Others, "request", "requests"}} {
		if n.count > 0 {
			all = append(all, templates.Plural(n.count, n.one, n.many))
		}
	}
	return strings.Join(all, ", ")
}

func callbackOf(r history.CallerRow, mask history.Mask, zone *time.Location) callbackView {
	b, state := r.Callback, r.State()
	_, canClaim := b.Claim("", time.Time{}, r.LastAt)
	options := history.CallbackStates()
	if state != history.CallbackClaimed { // which is what the other button is for
		options = append(options[:1:1], options[2:]...)
	}
	view := callbackView{
		State: state.String(), Kind: callbackKind(state), By: history.Visible(b.By), At: momentIn(b.At, zone),
		Note: history.Visible(mask.Words(b.Note, r.Person)), Seen: seen(b), CanClaim: canClaim,
		Again: b.State == history.CallbackDone && state == history.CallbackNew, Options: callbackOptions(options, state),
	}
	if view.Masked = mask.Words(b.Note, r.Person) != b.Note; !view.Masked {
		view.Edit = b.Note
	}
	if state == history.CallbackClaimed {
		view.By, view.At = history.Visible(b.ClaimedBy), momentIn(b.ClaimedAt, zone)
	}
	return view
}

func callbackKind(s history.CallbackState) string {
	switch s {
	case history.CallbackDone, history.CallbackCalled:
		return "good"
	case history.CallbackClaimed, history.CallbackNoAnswer:
		return "warn"
	case history.CallbackNever:
		return "bad"
	case history.CallbackNew:
	}
	return "plain"
}

// seen is what a form says about the state that it was made for.
func seen(b history.Callback) string {
	if b.At.IsZero() {
		return ""
	}
	return strconv.FormatInt(b.At.UnixMilli(), 10)
}

// fillWords adds what they wrote and left, or that they did.
func (v *callerView) fillWords(r history.CallerRow, revealed bool) {
	var hidden []string
	for _, recording := range r.Recordings {
		v.Left = append(v.Left, leftView{recordingWords(recording, revealed), recordingURL(recording.Failure, recording.SID)})
		if recording.Transcript != "" && !revealed {
			hidden = append(hidden, "the words of a recording")
		}
	}
	switch {
	case r.Wrote == "":
	case revealed:
		v.Wrote = history.Visible(cut(oneBreak(r.Wrote), 4000))
	default:
		hidden = append(hidden, "what they wrote, "+templates.Plural(int64(utf8.RuneCountInString(r.Wrote)), "character", "characters"))
	}
	v.Hidden = strings.Join(hidden, "; ")
}

// recordingWords is a recording in a list: "voicemail, 12 s".
func recordingWords(r history.Recording, revealed bool) string {
	text := "voicemail"
	if r.Seconds > 0 {
		text += ", " + strconv.Itoa(r.Seconds) + " s"
	}
	if revealed && r.Transcript != "" {
		text += ": “" + history.Visible(cut(r.Transcript, 4000)) + "”"
	}
	return text
}

// sayCallback is what somebody is told who came too late.
func (p *Pages) sayCallback(b history.Callback, claim bool) string {
	who := history.Visible(b.By) + ", " + p.moment(b.At).Text
	switch {
	case b.State == history.CallbackClaimed && claim:
		return "Claimed before you: by " + history.Visible(b.ClaimedBy) + ", " + p.moment(b.ClaimedAt).Text + "."
	case claim:
		return "Nobody is to call: “" + b.State.String() + "” says " + who + "."
	}
	return "Not changed: meanwhile it was set to “" + b.State.String() + "” by " + who + ". Look at it and say it again."
}
