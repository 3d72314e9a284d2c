package pages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/templates"
)

// Recordings fetches what callers left.
type Recordings interface {
	// Recording is one as MP3, to be closed; size is -1 where it is not known.
	// Its errors are fit for people.
	Recording(ctx context.Context, account, sid string) (media io.ReadCloser, size int64, err error)
}

// followUpView is something that came back about a failure.
type followUpView struct {
	At                   Moment
	After                string // since the failure
	What, Why, Heard     string
	Outcome, OutcomeKind string // "" where it says nothing about how it ended
	Failure              string // page of the failure that it is, where it failed again
}

func followUps(d history.Detail, settings Settings, mask history.Mask) (views []followUpView) {
	ended := incident.OutcomeUnknown
	for _, u := range d.FollowUps {
		v := followUpView{
			At: momentIn(u.At, settings.Zone), After: sinceThen(u.At.Sub(d.ReceivedAt)), What: u.What.String(),
			Why:   history.Visible(cut(strings.TrimPrefix(u.Why, "dial: "), 500)), // that says What
			Heard: history.Visible(mask.Words(u.Heard, d.From, d.To)),
		}
		// A caller who is asked something has been told, but that is not the end.
		asked := u.Outcome == incident.Told && (u.Step == string(recovery.Voicemail) || u.Step == string(recovery.Callback))
		if u.Outcome != incident.OutcomeUnknown && u.Outcome != ended && !asked {
			ended = u.Outcome
			v.Outcome, v.OutcomeKind = outcomeWords(u.Outcome, d.Channel, u.Step), outcomeKind(u.Outcome)
		}
		if u.What == incident.FailedAgain {
			v.Failure = historyPath + "/" + u.ID.String()
		}
		views = append(views, v)
	}
	return views
}

// sinceThen is how long after the failure something came back: "+1 min 25 s".
func sinceThen(d time.Duration) string {
	seconds := int64(max(0, d) / time.Second)
	if seconds < 60 {
		return fmt.Sprintf("+%d s", seconds)
	}
	return fmt.Sprintf("+%d min %d s", seconds/60, seconds%60)
}

// recordingView is a message that a caller left.
type recordingView struct {
	Listen     string // where it is heard
	At         Moment
	Length     string
	Transcript string
	Hidden     string // "120 characters": the transcript is not shown
}

func recordings(d history.Detail, settings Settings, which string) (views []recordingView) {
	for _, r := range d.Recordings {
		v := recordingView{Listen: recordingURL(d.ID, r.SID), At: momentIn(r.At, settings.Zone)}
		if r.Seconds > 0 {
			v.Length = strconv.Itoa(r.Seconds) + " s"
		}
		switch {
		case r.Transcript == "":
		case which == revealAll:
			v.Transcript = history.Visible(cut(r.Transcript, maxShown))
		default:
			v.Hidden = templates.Plural(int64(len(r.Transcript)), "character", "characters")
		}
		views = append(views, v)
	}
	return views
}

// recordingURL is where a recording is heard, by a POST: it is recorded who listens.
func recordingURL(failure incident.ID, sid string) string {
	return historyPath + "/" + failure.String() + "/recordings/" + url.PathEscape(sid)
}

// listenFor is how long fetching a recording may take.
const listenFor = time.Minute

// listen plays a recording, after it has been recorded who listens. Its address at
// Twilio is given to nobody.
func (p *Pages) listen(c *gin.Context) error {
	d, err := p.detail(c)
	if err != nil {
		return err
	}
	sid := c.Param("sid")
	for _, r := range d.Recordings {
		if r.SID == sid {
			return p.play(c, d.ID, r)
		}
	}
	return history.ErrNotFound
}

func (p *Pages) play(c *gin.Context, failure incident.ID, r history.Recording) error {
	if _, err := p.recordReveal(c, "recording "+history.Visible(cut(r.SID, 40)), failure); err != nil {
		return err
	}
	// Longer than the history may take: this is Twilio, and a minute of speech.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), listenFor)
	defer cancel()
	media, size, err := p.Recordings.Recording(ctx, r.AccountSID, r.SID)
	if err != nil {
		p.Log.Warn("recording not fetched", "recording", r.SID, "err", err)
		return unavailableError{"The recording could not be fetched: " + err.Error() + "."}
	}
	defer media.Close()
	// The server's own deadline is one for pages. A connection without deadlines
	// keeps it.
	_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(listenFor))
	h := c.Writer.Header()
	h.Set("Content-Type", "audio/mpeg")
	h.Set("Content-Disposition", `inline; filename="`+r.SID+`.mp3"`)
	if size >= 0 {
		h.Set("Content-Length", strconv.FormatInt(size, 10))
	}
	c.Writer.WriteHeader(http.StatusOK)
	if _, err := io.Copy(c.Writer, media); err != nil && !errors.Is(err, context.Canceled) {
		p.Log.Debug("recording not played to its end", "recording", r.SID, "err", err)
	}
	return nil
}
