package standby_test

import (
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/recovery/standby"
)

func target(tb testing.TB, o standby.Options) standby.Target {
	tb.Helper()
	t, err := standby.NewTarget("standby", o)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

func primaries(tb testing.TB, urls ...string) (p standby.Primaries) {
	tb.Helper()
	for _, raw := range urls {
		var err error
		if p, err = p.With(raw); err != nil {
			tb.Fatal(err)
		}
	}
	return p
}

func TestATargetIsAskedWhereTheCallWas(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ url, failed, want string }{
		"at the same path":                  {"https://b.example.com{path}", "https://www.example.com/voice/menu", "https://b.example.com/voice/menu"},
		"at the root":                       {"https://b.example.com{path}", "https://www.example.com", "https://b.example.com/"},
		"below a path of its own":           {"https://b.example.com/twilio{path}", "https://www.example.com/voice", "https://b.example.com/twilio/voice"},
		"with the query":                    {"https://b.example.com{path}?{query}", "https://www.example.com/voice?a=1&b=%20", "https://b.example.com/voice?a=1&b=%20"},
		"with the query beside its own":     {"https://b.example.com{path}?from=backstop&{query}", "https://www.example.com/voice?a=1", "https://b.example.com/voice?from=backstop&a=1"},
		"without a query that is not there": {"https://b.example.com{path}?from=backstop&{query}", "https://www.example.com/voice", "https://b.example.com/voice?from=backstop"},
		"without a query that is not named": {"https://b.example.com{path}", "https://www.example.com/voice?a=1", "https://b.example.com/voice"},
		"without what is for Twilio only":   {"https://b.example.com{path}", "https://www.example.com/voice#rc=2", "https://b.example.com/voice"},
		"at one address, whatever failed":   {"https://b.example.com/voice", "https://elsewhere.example.net/x", "https://b.example.com/voice"},
		"even if nobody says what failed":   {"https://b.example.com/voice", "", "https://b.example.com/voice"},
		"in its own encoding":               {"https://b.example.com{path}", "https://www.example.com/a%2Fb/%C3%A4'", "https://b.example.com/a%2Fb/%C3%A4'"},
		"on a port":                         {"http://b.example.com:8080{path}", "https://WWW.example.com:443/voice", "http://b.example.com:8080/voice"},
		"by IPv6":                           {"https://[2001:db8::1]:8443{path}", "https://www.example.com/voice", "https://[2001:db8::1]:8443/voice"},
		"on another port of the same host":  {"https://www.example.com:8443{path}", "https://www.example.com/voice", "https://www.example.com:8443/voice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := target(t, standby.Options{URL: c.url})
			got, why := to.Address(c.failed, primaries(t, "https://www.example.com/", "http://other.example.com"))
			if got != c.want || why != "" {
				t.Errorf("got %q, %q; want %q", got, why, c.want)
			}
		})
	}
}

func TestAnErrorURLThatIsNotPlainLeadsNowhere(t *testing.T) {
	t.Parallel()
	to := target(t, standby.Options{URL: "https://b.example.com{path}?{query}"})
	for name, failed := range map[string]string{
		"nothing":                      "",
		"user information":             "@evil.example/x",
		"the end of a name":            ".evil.example/x",
		"a port":                       ":8080/x",
		"another host":                 "https://evil.example/x",
		"a host that only begins so":   "https://www.example.com.evil.example/x",
		"a host behind a user":         "https://www.example.com@evil.example/x",
		"a host behind a password":     "https://www.example.com:443@evil.example/x",
		"the same host by http":        "http://www.example.com/x",
		"another port":                 "https://www.example.com:444/x",
		"no scheme":                    "//www.example.com/x",
		"another scheme":               "ftp://www.example.com/x",
		"only a path":                  "/../admin",
		"a way up":                     "https://www.example.com/../admin",
		"a way up, encoded":            "https://www.example.com/a/%2e%2E/admin",
		"a way up behind a slash":      "https://www.example.com/a%2F..%2Fadmin",
		"a dot":                        "https://www.example.com/./admin",
		"two slashes":                  "https://www.example.com//evil.example/x",
		"two slashes, encoded":         "https://www.example.com/%2Fevil.example/x",
		"a backslash":                  `https://www.example.com/\evil.example/x`,
		"a backslash, encoded":         "https://www.example.com/%5Cevil.example/x",
		"a line break":                 "https://www.example.com/x\r\nHost: evil.example",
		"a line break, encoded":        "https://www.example.com/x%0d%0aHost:%20evil.example",
		"a NUL byte, encoded":          "https://www.example.com/x%00",
		"a space in the query":         "https://www.example.com/x?a b",
		"letters that are no ASCII":    "https://www.example.com/ä",
		"half an escape":               "https://www.example.com/%zz",
		"what has no host":             "https:///x",
		"what is opaque":               "https:www.example.com/x",
		"a name with a dot at its end": "https://www.example.com../x",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, why := to.Address(failed, primaries(t, "https://www.example.com")); got != "" || why == "" {
				t.Errorf("%q leads to %q", failed, got)
			}
		})
	}
}

func TestTheServerThatFailedIsNotAsked(t *testing.T) {
	t.Parallel()
	to := target(t, standby.Options{URL: "https://www.example.com/standby"})
	for _, failed := range []string{"https://www.example.com/voice", "https://WWW.EXAMPLE.COM:443/", "https://www.example.com./x"} {
		if got, why := to.Address(failed, nil); got != "" || !strings.Contains(why, "that failed") {
			t.Errorf("%s: got %q, %q", failed, got, why)
		}
	}
}

func TestATargetThatCannotBeAskedIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ url, want string }{
		"nothing":                  {"", "is no URL"},
		"no scheme":                {"standby.example.com{path}", "is no URL"},
		"another scheme":           {"ftp://standby.example.com/", "names no server"},
		"no host":                  {"https://{path}", "names no server"},
		"a host to be filled in":   {"https://{path}.example.com/", "names no server"},
		"part of a host":           {"https://standby{path}", ""},
		"a user":                   {"https://u:p@standby.example.com{path}", "user name"},
		"a space":                  {"https://standby.example.com/a b", "is no URL"},
		"a fragment":               {"https://standby.example.com/#x", "#"},
		"a path twice":             {"https://standby.example.com{path}{path}", "once"},
		"a query in the path":      {"https://standby.example.com/{query}", "once"},
		"a path in the query":      {"https://standby.example.com/?{path}", "once"},
		"an unknown place":         {"https://standby.example.com/{host}", "once"},
		"a way up":                 {"https://standby.example.com/../x", "upwards"},
		"a way up behind the path": {"https://standby.example.com{path}/../x", "upwards"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := standby.NewTarget("standby", standby.Options{URL: c.url})
			switch {
			case c.want == "" && err != nil:
				t.Errorf("got %v, want it accepted", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
	if to := target(t, standby.Options{URL: "https://standby.example.com"}); to.Timeout != 3*time.Second {
		t.Errorf("asked for %s, want 3 s unless said otherwise", to.Timeout)
	}
	for _, raw := range []string{"", "www.example.com", "https://www.example.com/voice", "https://u@www.example.com", "https://www.example.com?x", "https://www.example.com#x"} {
		if _, err := standby.Primaries(nil).With(raw); err == nil {
			t.Errorf("%q is a primary", raw)
		}
	}
}

func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"https://www.example.com/voice?a=1", "@evil.example/x", "https://www.example.com/%2e%2e/x", `https://www.example.com/\x`, "//x", "https://www.example.com:443/#a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, failed string) {
		to := target(t, standby.Options{URL: "https://b.example.com/base{path}?{query}"})
		got, why := to.Address(failed, primaries(t, "https://www.example.com"))
		if got == "" {
			if why == "" {
				t.Errorf("%q leads nowhere for no reason", failed)
			}
			return
		}
		rest, ok := strings.CutPrefix(got, "https://b.example.com/base/")
		if !ok || strings.ContainsAny(rest, "\\ \r\n\t\x00") || strings.Contains(rest, "/../") {
			t.Errorf("%q leads to %q", failed, got)
		}
	})
}
