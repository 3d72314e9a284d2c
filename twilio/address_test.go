package twilio_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/twilio"
)

func TestParseAddress(t *testing.T) {
	for _, test := range []struct {
		name, address string
		want          twilio.Address
	}{
		{"a phone number", "+15017122661", twilio.Address{Kind: twilio.AddressPhone, Number: "+15017122661"}},
		{"the shortest number", "+6834002", twilio.Address{Kind: twilio.AddressPhone, Number: "+6834002"}},
		{"the longest number", "+123456789012345", twilio.Address{Kind: twilio.AddressPhone, Number: "+123456789012345"}},
		{"a number too long", "+1234567890123456", twilio.Address{Kind: twilio.AddressOther}},
		{"a number that begins with 0", "+0123456789", twilio.Address{Kind: twilio.AddressOther}},
		{"a number with spaces", "+1 501 712 2661", twilio.Address{Kind: twilio.AddressOther}},
		{"a number without plus is no short code", "15017122661", twilio.Address{Kind: twilio.AddressOther}},
		{"digits of another script", "+٣٤٥٦٧٨٩٠", twilio.Address{Kind: twilio.AddressOther}},
		{"a short code", "74454", twilio.Address{Kind: twilio.AddressShortCode}},
		{"WhatsApp", "whatsapp:+15017122661", twilio.Address{Kind: twilio.AddressWhatsApp, Number: "+15017122661"}},
		{"WhatsApp without a number", "whatsapp:US.1234567890", twilio.Address{Kind: twilio.AddressWhatsApp}},
		{"RCS by number", "rcs:+15017122661", twilio.Address{Kind: twilio.AddressRCS, Number: "+15017122661"}},
		{"RCS by agent", "rcs:brand_agent", twilio.Address{Kind: twilio.AddressRCS}},
		{"Messenger", "messenger:1234567", twilio.Address{Kind: twilio.AddressMessenger}},
		{"an app's user", "client:alice", twilio.Address{Kind: twilio.AddressClient}},
		{"SIP", "sip:+15017122661@example.com", twilio.Address{Kind: twilio.AddressSIP}},
		{"SIP in capitals over TLS", "SIPS:a@example.com", twilio.Address{Kind: twilio.AddressSIP}},
		{"a SIM card", "sim:DE00000000000000000000000000000000", twilio.Address{Kind: twilio.AddressSIM}},
		{"another scheme", "tel:+15017122661", twilio.Address{Kind: twilio.AddressOther}},
		{"a sender's name", "ACME-Bank", twilio.Address{Kind: twilio.AddressName}},
		{"a sender's name too long", "ACME-Bank-Inc", twilio.Address{Kind: twilio.AddressOther}},
		{"nothing", "", twilio.Address{Kind: twilio.AddressWithheld}},
		{"a word for nothing", "Anonymous", twilio.Address{Kind: twilio.AddressWithheld}},
		{"a number for nothing", "+266696687", twilio.Address{Kind: twilio.AddressWithheld}},
		{"hostile bytes", "<script>\x00\xff", twilio.Address{Kind: twilio.AddressOther}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := twilio.ParseAddress(test.address); got != test.want {
				t.Errorf("%q: got %+v, want %+v", test.address, got, test.want)
			}
		})
	}
}

func TestWithheldCallers(t *testing.T) {
	for from := range strings.SplitSeq(",anonymous,Anonymous,unknown,restricted,unavailable,+266696687,+7378742833,+2562533,+8656696,+86282452253,266696687", ",") {
		if twilio.ParseAddress(from).Kind != twilio.AddressWithheld {
			t.Errorf("%q: got shown, want withheld", from)
		}
	}
	for _, from := range []string{"+15017122661", "client:anonymous", "anonymous caller", "0", "+2666966870"} {
		if twilio.ParseAddress(from).Kind == twilio.AddressWithheld {
			t.Errorf("%q: got withheld, want shown", from)
		}
	}
}

func TestKeywordOf(t *testing.T) {
	for want, bodies := range map[twilio.Keyword][]string{
		twilio.KeywordOptOut: {
			"STOP", "stop", " Stop. ", "STOP!!!", "“stop”", "Stop all", "opt-out", "OPT OUT", "unsubscribe", "Cancel", "END", "quit", "revoke",
			"arret", "Arrêt", "ARRE\u0302T", "alto", "baja", "parar", "stopp", "Stop \n", "ＳＴＯＰ", "停止", "ストップ。", "стоп", "Abmelden", "İptal",
			"Abmeldung", "désabonnement", "DESABONNEMENT", "Désabonnement", "στοπ", "Στόπ", "ΣΤΟΠ", "إلغاء", "الغاء", "konec", "Konec!", "rezygnuję", "rezygnuje",
		},
		twilio.KeywordOptIn: {"START", "yes", "Yes!", "unstop", "(start)", "開始", "スタート", "ｽﾀｰﾄ", "alta", "Suscribir", "début", "DEBUT", "Début", "começar"},
		twilio.KeywordHelp:  {"HELP", "help?", "Info", "infos", "aide", "¿Ayuda?", "Hilfe!", "ヘルプ", "hjælp", "Hjälp"},
		twilio.KeywordNone: {
			"", " ", "?", "stop calling me", "Yes please", "the end", "helpful", "no", "1", "🙂", "nonstop", "débuter", "altar",
			"stop" + strings.Repeat(" .", 40), "\x00\xff",
		},
	} {
		for _, body := range bodies {
			if got := twilio.KeywordOf(body); got != want {
				t.Errorf("%q: got %q, want %q", body, got, want)
			}
		}
	}
}

func TestKindOfSID(t *testing.T) {
	const digits = "0123456789abcdef0123456789abcdef"
	for sid, want := range map[string]twilio.SIDKind{
		"AC" + digits: twilio.SIDAccount, "CA" + digits: twilio.SIDCall, "SM" + digits: twilio.SIDMessage, "MM" + digits: twilio.SIDMessage,
		"PN" + digits: twilio.SIDPhoneNumber, "MG" + digits: twilio.SIDMessagingService, "AP" + digits: twilio.SIDApplication,
		"SD" + digits: twilio.SIDSIPDomain, "TK" + digits: twilio.SIDTrunk, "RE" + digits: twilio.SIDRecording, "CF" + digits: twilio.SIDConference,
		"NO" + digits: twilio.SIDNotification, "ZZ" + digits: twilio.SIDUnknown, twilio.DrillAccountSID: twilio.SIDAccount,
	} {
		got, ok := twilio.KindOf(sid)
		if !ok || got != want {
			t.Errorf("%s: got %q, %v, want %q", sid, got, ok, want)
		}
	}
	for _, text := range []string{"", "AC", "AC" + digits[1:], "AC" + digits + "0", "ac" + digits, "A1" + digits, "AC" + strings.ToUpper(digits), "AC" + digits[1:] + "g", "AC" + digits[1:] + "é"} {
		if kind, ok := twilio.KindOf(text); ok || kind != twilio.SIDUnknown || twilio.IsAccountSID(text) {
			t.Errorf("%q: got %q, want no SID", text, kind)
		}
	}
	if twilio.IsAccountSID("CA" + digits) {
		t.Error("a call's SID passes for an account's")
	}
}

func TestCountryAndLanguages(t *testing.T) {
	for _, test := range []struct{ name, number, country, languages string }{
		{"Germany", "+493012345678", "DE", "de"},
		{"Switzerland needs three", "+41441234567", "CH", "de fr it"},
		{"Belgium needs several", "+3221234567", "BE", "nl fr de"},
		{"Luxembourg needs several", "+352123456", "LU", "fr de"},
		{"Canada needs two", "+15142345678", "CA", "en fr"},
		{"the United States", "+12125551234", "US", "en"},
		{"Puerto Rico", "+17875551234", "PR", "es en"},
		{"the Dominican Republic", "+18295551234", "DO", "es"},
		{"Jamaica", "+18765551234", "JM", "en"},
		{"Russia", "+74951234567", "RU", "ru"},
		{"Kazakhstan", "+77012345678", "KZ", "kk ru"},
		{"Japan", "+81312345678", "JP", "ja"},
		{"Portugal before Spain's neighbours", "+351211234567", "PT", "pt"},
		{"Brazil", "+551123456789", "BR", "pt"},
		{"Liechtenstein is not Switzerland", "+4232345678", "LI", "de"},
		{"Hong Kong", "+85223456789", "HK", "zh en"},
		{"a toll-free number has no country", "+18005551234", "", ""},
		{"a satellite phone has no country", "+881612345678", "", ""},
		{"a code that nobody has", "+210123456789", "", ""},
		{"what is no number", "anonymous", "", ""},
		{"a short code", "74454", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			country := twilio.CountryOf(test.number)
			languages := strings.Join(twilio.LanguagesOf(country), " ")
			if country != test.country || languages != test.languages {
				t.Errorf("got %q, %q, want %q, %q", country, languages, test.country, test.languages)
			}
		})
	}
}

func TestEveryCallingCodeHasACountryWithLanguages(t *testing.T) {
	countries := map[string]bool{}
	for prefix := range 1000 {
		digits := []byte{'+', byte('0' + prefix/100), byte('0' + prefix/10%10), byte('0' + prefix%10)}
		for area := range 1000 {
			if digits[1] != '1' && area > 0 {
				break
			}
			number := string(digits) + string([]byte{byte('0' + area/100), byte('0' + area/10%10), byte('0' + area%10)}) + "12345"
			if country := twilio.CountryOf(number); country != "" {
				countries[country] = true
			}
		}
	}
	if len(countries) < 220 {
		t.Errorf("got %d countries, want at least 220", len(countries))
	}
	for country := range countries {
		languages := twilio.LanguagesOf(country)
		if len(country) != 2 || len(languages) == 0 || slices.ContainsFunc(languages, func(l string) bool { return len(l) != 2 || l != strings.ToLower(l) }) {
			t.Errorf("%q: got languages %q", country, languages)
		}
	}
}
