package sim

import "strconv"

// Message is a message that Twilio received and whose webhook failed. Its zero value is an ordinary "hello" by SMS,
// 11200 for an invented primary URL.
type Message struct {
	SID                 string // "": a random one
	From, To            string // also whatsapp:+…, rcs:…, messenger:…
	Body                string // "": hello; an empty one takes Changes
	Media               []Media
	MessagingServiceSID string
	OptOutType          string // STOP, START or HELP, where the service handles such words
	ErrorCode           string // "": 11200
	ErrorURL            string
	AskedFirst          bool   // no ErrorCode and no ErrorUrl: the URL is set as the primary one
	Method              string // GET or POST; "": POST
	Changes             Changes
	Undelivered         string // error code with which replies fail; "": they arrive
}

// Media is a file that came with a message.
type Media struct {
	URL, ContentType string
}

func (m Message) withDefaults() Message {
	m.SID = or(m.SID, NewSID("SM"))
	m.From, m.To = or(m.From, defaultFrom), or(m.To, defaultTo)
	m.ErrorCode, m.ErrorURL = or(m.ErrorCode, defaultErrorCode), or(m.ErrorURL, primary+"/hook/sms")
	m.Body = or(m.Body, "hello")
	return m
}

// Request returns the signed request by which Twilio asks url about this message.
func (m Message) Request(account Account, url string) (Request, error) {
	return account.Request(m.Method, url, m.Params(account.SID))
}

// Params returns what Twilio sends about this message to the fallback URL.
func (m Message) Params(accountSID string) Params {
	m = m.withDefaults()
	p := m.standing(accountSID)
	if !m.AskedFirst {
		p = append(p, Param{"ErrorCode", m.ErrorCode}, Param{"ErrorUrl", m.ErrorURL})
	}
	return m.Changes.apply(p)
}

// standing are the parameters that every request about a message carries.
func (m Message) standing(accountSID string) Params {
	from, to := placeOf(m.From), placeOf(m.To)
	p := Params{
		{"ToCountry", to.country},
		{"ToState", to.state},
		{"SmsMessageSid", m.SID},
		{"NumMedia", strconv.Itoa(len(m.Media))},
		{"ToCity", to.city},
		{"FromZip", from.zip},
		{"SmsSid", m.SID},
		{"FromState", from.state},
		{"SmsStatus", "received"},
		{"FromCity", from.city},
		{"Body", m.Body},
		{"FromCountry", from.country},
		{"To", m.To},
		{"ToZip", to.zip},
		{"NumSegments", "1"},
		{"MessageSid", m.SID},
		{"AccountSid", accountSID},
		{"From", m.From},
		{"ApiVersion", "2010-04-01"},
	}
	if m.MessagingServiceSID != "" {
		p = append(p, Param{"MessagingServiceSid", m.MessagingServiceSID})
	}
	if m.OptOutType != "" {
		p = append(p, Param{"OptOutType", m.OptOutType})
	}
	for i, media := range m.Media {
		n := strconv.Itoa(i)
		p = append(p, Param{"MediaContentType" + n, media.ContentType}, Param{"MediaUrl" + n, media.URL})
	}
	return p
}
