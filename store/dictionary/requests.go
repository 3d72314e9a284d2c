package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/backstop-project/backstop/store/params"
)

// maker makes up requests as Twilio sends them, always the same ones for the
// same seed.
type maker struct{ *rand.Rand }

func newMaker(seed uint64) maker {
	return maker{rand.New(rand.NewPCG(seed, seed))} //nolint:gosec // the same requests every time are the point
}

// request is one fallback request, with the values that a ledger keeps beside
// its parameters: account, SID, From, To, ErrorUrl, ErrorCode.
func (m maker) request() (request []params.Param, known []string) {
	account, sid := "AC"+m.hex(), "CA"+m.hex()
	from, to := m.place(), m.place()
	url, code := m.url(), m.code()
	if m.IntN(4) == 0 {
		sid = "SM" + m.hex()
		request = m.message(account, sid, from, to)
	} else {
		request = m.call(account, sid, from, to)
	}
	request = append(request, params.Param{Name: "ErrorCode", Value: code}, params.Param{Name: "ErrorUrl", Value: url})
	if m.IntN(3) == 0 {
		m.Shuffle(len(request), func(i, j int) { request[i], request[j] = request[j], request[i] })
	}
	return request, []string{account, sid, from.number, to.number, url, code}
}

// party is one end of a call, as Twilio describes it.
type party struct{ number, city, state, zip, country string }

func (p party) params(prefix string) []params.Param {
	return []params.Param{
		{Name: prefix, Value: p.number},
		{Name: prefix + "City", Value: p.city},
		{Name: prefix + "State", Value: p.state},
		{Name: prefix + "Zip", Value: p.zip},
		{Name: prefix + "Country", Value: p.country},
	}
}

func (m maker) call(account, sid string, from, to party) []params.Param {
	request := []params.Param{
		{Name: "AccountSid", Value: account},
		{Name: "ApiVersion", Value: "2010-04-01"},
		{Name: "CallSid", Value: sid},
		{Name: "CallStatus", Value: m.of("ringing", "ringing", "ringing", "in-progress")},
		{Name: "Direction", Value: m.of("inbound", "inbound", "inbound", "outbound-api", "outbound-dial")},
	}
	request = append(request, to.params("Called")...)
	request = append(request, from.params("Caller")...)
	request = append(request, from.params("From")...)
	request = append(request, to.params("To")...)
	if m.IntN(2) == 0 {
		request = append(request, params.Param{Name: "StirVerstat", Value: m.of("TN-Validation-Passed-A", "TN-Validation-Passed-B", "TN-Validation-Passed-C", "TN-Validation-Failed-C", "No-TN-Validation")})
	}
	if m.IntN(4) == 0 {
		request = append(request, params.Param{Name: "CallToken", Value: m.token(sid)})
	}
	if m.IntN(6) == 0 {
		request = append(request, params.Param{Name: "CallerName", Value: m.of("WIRELESS CALLER", "UNKNOWN", "ANONYMOUS", "SMITH JOHN", "TOLL FREE CALL")})
	}
	if m.IntN(6) == 0 {
		request = append(request, params.Param{Name: "ForwardedFrom", Value: m.place().number})
	}
	if m.IntN(8) == 0 {
		request = append(request, params.Param{Name: "Digits", Value: m.of("1", "2", "1234#", "0")})
	}
	return request
}

func (m maker) message(account, sid string, from, to party) []params.Param {
	body := m.of("hello", "STOP", "Yes please", "Is anybody there?", "Danke, bis morgen!", "What time do you open on Monday?", "1")
	request := []params.Param{
		{Name: "ToCountry", Value: to.country},
		{Name: "ToState", Value: to.state},
		{Name: "SmsMessageSid", Value: sid},
		{Name: "NumMedia", Value: m.of("0", "0", "0", "1")},
		{Name: "ToCity", Value: to.city},
		{Name: "FromZip", Value: from.zip},
		{Name: "SmsSid", Value: sid},
		{Name: "FromState", Value: from.state},
		{Name: "SmsStatus", Value: "received"},
		{Name: "FromCity", Value: from.city},
		{Name: "Body", Value: body},
		{Name: "FromCountry", Value: from.country},
		{Name: "To", Value: to.number},
		{Name: "ToZip", Value: to.zip},
		{Name: "NumSegments", Value: "1"},
		{Name: "MessageSid", Value: sid},
		{Name: "AccountSid", Value: account},
		{Name: "From", Value: from.number},
		{Name: "ApiVersion", Value: "2010-04-01"},
	}
	if m.IntN(3) == 0 {
		request = append(request, params.Param{Name: "MessagingServiceSid", Value: "MG" + m.hex()})
	}
	if m.IntN(5) == 0 {
		request = append(request, params.Param{Name: "MediaContentType0", Value: "image/jpeg"},
			params.Param{Name: "MediaUrl0", Value: "https://api.twilio.com/2010-04-01/Accounts/" + account + "/Messages/" + sid + "/Media/ME" + m.hex()})
	}
	if m.IntN(5) == 0 {
		request = append(request, params.Param{Name: "ProfileName", Value: m.of("Anna", "John", "Maria")},
			params.Param{Name: "WaId", Value: from.number[1:]}, params.Param{Name: "MessageType", Value: "text"})
	}
	return request
}

func (m maker) place() party {
	switch m.IntN(6) {
	case 0, 1, 2:
		city := m.of("SAN FRANCISCO", "NEW YORK", "CHICAGO", "LOS ANGELES", "HOUSTON", "DALLAS", "SEATTLE", "BOSTON", "ATLANTA", "MIAMI", "PHOENIX", "DENVER", "AUSTIN", "PORTLAND", "")
		state := m.of("CA", "NY", "IL", "TX", "WA", "MA", "GA", "FL", "AZ", "CO", "OR")
		return party{fmt.Sprintf("+1%010d", 2_000_000_000+m.Int64N(7_999_999_999)), city, state, fmt.Sprintf("%05d", m.IntN(100_000)), "US"}
	case 3:
		return party{fmt.Sprintf("+49%d", 3_000_000_000+m.Int64N(5_000_000_000)), m.of("Berlin", "Hamburg", "Munich", ""), "", "", "DE"}
	case 4:
		return party{fmt.Sprintf("+44%d", 2_000_000_000+m.Int64N(5_000_000_000)), m.of("London", ""), "", "", "GB"}
	}
	country := m.of("FR", "ES", "IT", "NL", "JP", "BR", "MX", "AU", "CA", "IN")
	return party{fmt.Sprintf("+%d", 33_000_000_000+m.Int64N(50_000_000_000)), "", "", "", country}
}

func (m maker) url() string {
	return "https://" + m.of("www.example.com", "api.example.com", "voice.example.org", "hooks.example.net") +
		m.of("/voice", "/twilio/voice", "/sms", "/webhooks/twilio", "/incoming", "/ivr/menu")
}

func (m maker) code() string {
	return m.of("11200", "11200", "11200", "11205", "11210", "11217", "11220", "12100", "12300", "11750")
}

// token looks like a CallToken, of which only the frame is ever the same.
func (m maker) token(sid string) string {
	return `{"parentCallInfoToken":"eyJhbGciOiJFUzI1NiJ9.` + m.base64(160) + "." + m.base64(86) + `","identityHeaderTokens":[]}` + sid[:0]
}

func (m maker) hex() string { return fmt.Sprintf("%016x%016x", m.Uint64(), m.Uint64()) }

func (m maker) base64(n int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	s := make([]byte, n)
	for i := range s {
		s[i] = alphabet[m.IntN(len(alphabet))]
	}
	return string(s)
}

func (m maker) of(words ...string) string { return words[m.IntN(len(words))] }
