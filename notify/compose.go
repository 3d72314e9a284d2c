package notify

import (
	"crypto/rand"
	"fmt"
	"net/textproto"
	"strings"
	"time"

	"github.com/jordan-wright/email"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

// compose writes the mail, headers and both parts, ready for DATA.
func (e *Email) compose(m incident.Message, text templates.Mail, id string) ([]byte, error) {
	headers := textproto.MIMEHeader{}
	headers.Set("Message-Id", id)
	headers.Set("Date", m.Now.In(e.texts.Zone()).Format(time.RFC1123Z))
	// Nobody's holiday notice answers an alert: RFC 3834, and the same for Exchange.
	headers.Set("Auto-Submitted", "auto-generated")
	headers.Set("X-Auto-Response-Suppress", "All")
	if m.Incident != nil && isMessageID(m.Thread) {
		headers.Set("In-Reply-To", m.Thread)
		headers.Set("References", m.Thread)
	}
	composed := email.Email{
		From:    e.from.String(),
		To:      e.to,
		Subject: text.Subject,
		Text:    []byte(text.Text),
		HTML:    []byte(text.HTML), // none where empty
		Headers: headers,
	}
	raw, err := composed.Bytes()
	if err != nil {
		return nil, fmt.Errorf("compose mail: %w", err)
	}
	return raw, nil
}

// messageID is the same for every attempt at one delivery, so that a mail
// which came although its answer was lost is seen to be the same mail. What
// has no delivery (urgent alerts, tests) gets one that is new.
func messageID(m incident.Message, domain string) string {
	ledger := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, m.Ledger)
	if !isASCII(domain) {
		domain = "backstop.invalid" // an ID is ASCII, and no host is asked by it
	}
	if m.DeliveryID == 0 || ledger == "" {
		return fmt.Sprintf("<backstop.%d.%s@%s>", m.Now.UnixNano(), strings.ToLower(rand.Text()), domain)
	}
	return fmt.Sprintf("<backstop.%s.%d@%s>", ledger, m.DeliveryID, domain)
}

// isMessageID says whether s may stand in a header as one.
func isMessageID(s string) bool {
	const longest = 400
	return len(s) > 2 && len(s) <= longest && s[0] == '<' && s[len(s)-1] == '>' && isASCII(s) && isPrintable(s) &&
		!strings.ContainsAny(s[1:len(s)-1], "<>")
}
