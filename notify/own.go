package notify

import (
	"errors"
	"log/slog"
	"strings"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

// ownText is what a notifier writes by a template of the customer's.
type ownText struct {
	notifier string
	texts    *templates.Alerts
	template *templates.OwnText // nil for none
	log      *slog.Logger       // nothing is logged where nil
}

// ownFailed stands at the end of a built-in text that goes out in place of an
// own one.
const ownFailed = "Your own template failed on this alert: this is the built-in text. The log says why."

// write fills the template with m, its texts escaped for where they go. ok is
// false where the built-in text is to be sent, in the words of builtIn.
func (o ownText) write(m incident.Message, escape func(string) string) (text string, builtIn *templates.Alerts, ok bool) {
	if o.template == nil {
		return "", o.texts, false
	}
	text, err := o.template.Write(o.texts.Event(m), escape)
	if err == nil {
		return strings.TrimSpace(text), nil, true
	}
	if o.log != nil {
		o.log.Error("own template failed, built-in text sent", "notifier", o.notifier, "file", o.template.File(), "kind", m.Alert.Kind.String(), "delivery", m.DeliveryID, "err", err)
	}
	return "", o.texts.Noting(ownFailed), false
}

// nothingWritten is the receipt where an own template has nothing to say about
// an alert, which is how one leaves alerts out.
const nothingWritten = "not sent: its own template writes nothing for this alert"

// tested is what came of a test: one that was not sent proves nothing.
func tested(r incident.Receipt, err error) error {
	if err == nil && r.Detail == nothingWritten {
		return errNothingWritten
	}
	return err
}

var errNothingWritten = errors.New("nothing was sent: its own template writes nothing for a test: have it say something where .Test is true")
