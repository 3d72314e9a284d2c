package hook

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// sign says which failure this answers, and whether it is written down.
func (h *Hook) sign(c *gin.Context, id string, written bool) {
	value := id + "; written=no"
	if written {
		value = id + "; written=yes"
	}
	c.Writer.Header()["X-Backstop-Failure"] = []string{value}
}

// answer sends TwiML as Twilio wants it: typed, measured, never cached; or, where
// there is none, nothing, which an answer of its own status says.
// https://www.twilio.com/docs/voice/twiml#twilio-understands-mime-types
func (h *Hook) answer(c *gin.Context, document []byte) {
	if document == nil {
		c.Status(http.StatusNoContent)
		c.Writer.WriteHeaderNow()
		return
	}
	header := c.Writer.Header()
	header["Content-Type"] = contentType
	header["Cache-Control"] = noStore
	header["Content-Length"] = []string{strconv.Itoa(len(document))}
	c.Writer.WriteHeader(http.StatusOK)
	if _, err := c.Writer.Write(document); err != nil {
		h.o.Log.Debug("twilio hung up before the answer", "err", err)
	}
}

// Header values that are the same for all; nobody changes them.
var (
	contentType = []string{"text/xml; charset=utf-8"} //nolint:gochecknoglobals // constant
	noStore     = []string{"no-store"}                //nolint:gochecknoglobals // constant
)

// masked hides numbers in the log, whatever pages may show.
var masked = history.Mask{Numbers: true} //nolint:gochecknoglobals // constant

// log writes the one line of a failure, as of now; waited is how long its
// answer waited to be written down. Numbers are masked, the raw request is not
// in it. It hands the handler a record of its own: Logger would look up
// which line of the source this is, for nobody.
func (h *Hook) log(ctx context.Context, id string, e *incident.Entry, written bool, now time.Time, waited time.Duration) {
	level := slog.LevelInfo
	switch {
	case !written:
		level = slog.LevelWarn
	case e.Failure.DrillKind == incident.Pulse:
		level = slog.LevelDebug
	}
	handler := h.o.Log.Handler()
	if !handler.Enabled(ctx, level) {
		return
	}
	f := &e.Failure
	said := "failure answered"
	if !e.IsFailure() {
		said = "follow-up answered"
	}
	line := slog.NewRecord(now, level, said, 0)
	attributes, _ := h.lines.Get().(*[]slog.Attr)
	if attributes == nil {
		attributes = new([]slog.Attr)
	}
	defer h.lines.Put(attributes)
	*attributes = append((*attributes)[:0],
		slog.String("failure", id),
		slog.String("channel", f.Channel.String()),
		slog.Int("error_code", f.Code),
		slog.String("host", incident.Host(f.ErrorURL)),
		slog.String("sid", f.SID),
		slog.String("from", masked.Number(f.From)),
		slog.String("to", masked.Number(f.To)),
		slog.String("situation", e.Answer.Situation.String()),
		slog.String("outcome", e.Answer.Outcome.String()),
		slog.Bool("drill", f.Drill),
		slog.Bool("written", written),
		slog.Int64("took_us", e.Answer.Took.Microseconds()),
		slog.Int64("waited_us", waited.Microseconds()),
	)
	line.AddAttrs(slog.Attr{Value: slog.GroupValue(*attributes...)}) // a group without a name is none
	_ = handler.Handle(ctx, line)                                    // a log that fails has nobody to tell
}
