package pages_test

import (
	"bytes"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backstop-project/backstop/handlers/pages"
)

func TestPagesOfThoseWhoAreLoggedInAreCounted(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	stranger := h.visit(t)
	stranger.get("/history")
	if n := h.shown.Load(); n != 0 {
		t.Errorf("a stranger was shown %d pages", n)
	}
	v := h.enter(t)
	before := h.shown.Load()
	v.get("/history")
	v.get("/incidents/14")
	if n := h.shown.Load() - before; n != 2 {
		t.Errorf("%d pages were counted, want 2", n)
	}
}

func TestNobodySeesAnythingWithoutLogin(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	v := h.visit(t)
	id := h.ledger.failures[0].ID.String()
	for path, want := range map[string]string{
		"/":                   "/login",
		"/history":            "/login?next=%2Fhistory",
		"/history?code=11202": "/login?next=%2Fhistory%3Fcode%3D11202",
		"/history/" + id:      "/login?next=%2Fhistory%2F" + id,
		"/incidents":          "/login?next=%2Fincidents",
		"/incidents/14":       "/login?next=%2Fincidents%2F14",
		"/rules?code=11200":   "/login?next=%2Frules%3Fcode%3D11200",
		"/silences":           "/login?next=%2Fsilences",
	} {
		got := v.get(path)
		if got.status != http.StatusSeeOther || got.location() != want || strings.Contains(got.body, "example.com") {
			t.Errorf("GET %s: %d to %q, want 303 to %s", path, got.status, got.location(), want)
		}
	}
	for path, want := range map[string]string{
		"/incidents/14/acknowledge":          "/login?next=%2Fincidents%2F14",
		"/incidents/14/resolve":              "/login?next=%2Fincidents%2F14",
		"/history/" + id + "/reveal":         "/login?next=%2Fhistory%2F" + id,
		"/history/" + id + "/recordings/RE1": "/login?next=%2Fhistory%2F" + id,
		"/history/reveal":                    "/login?next=%2Fhistory",
		"/callers.csv":                       "/login?next=%2Fcallers",
		"/callers/" + id:                     "/login?next=%2Fcallers",
		"/silences":                          "/login?next=%2Fsilences",
		"/silences/3/end":                    "/login?next=%2Fsilences",
		"/notifiers/ops-mail/test":           "/login?next=%2Fnotifiers",
	} {
		if got := v.post(path, url.Values{"what": {"all"}}); got.status != http.StatusSeeOther || got.location() != want {
			t.Errorf("POST %s: %d to %q, want 303 to %s", path, got.status, got.location(), want)
		}
	}
	if in := h.ledger.incidents[2]; in.AcknowledgedBy != "" || in.ResolvedBy != "" || len(h.ledger.failures[0].Reveals) != 0 {
		t.Error("a stranger has changed something")
	}
}

func TestTheLoginLeadsBackToEveryPageOfTheNavigation(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	v := h.enter(t)
	links := regexp.MustCompile(`<nav[^>]*>(?s:.*?)</nav>`).FindString(v.get("/").body)
	paths := regexp.MustCompile(`href="(/[a-z]+)"`).FindAllStringSubmatch(links, -1)
	if len(paths) < 5 {
		t.Fatalf("the navigation has %q", paths)
	}
	stranger := newVisitor(t, v.base)
	for _, path := range paths {
		if got, want := stranger.get(path[1]).location(), "/login?next="+url.QueryEscape(path[1]); got != want {
			t.Errorf("GET %s leads to %q, want %q", path[1], got, want)
		}
	}
}

func TestLoginLeadsBackToThePageAndNowhereElse(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{
		"/history?code=11202":     "/history?code=11202",
		"/incidents/14":           "/incidents/14",
		"":                        "/",
		"https://evil.example/":   "/",
		"//evil.example/history":  "/",
		"/\\evil.example":         "/",
		"/history\r\nX: y":        "/",
		"/%0d%0ahistory":          "/",
		"javascript:alert(1)":     "/",
		"/login":                  "/",
		"/logout":                 "/",
		"history":                 "/",
		"/history//evil.example":  "/history/evil.example",
		"///evil.example/history": "/",
	} {
		got := newHouse(oneNight(1)).visit(t).post("/login", url.Values{"username": {"admin"}, "password": {password}, "next": {next}})
		if got.status != http.StatusSeeOther || got.location() != want {
			t.Errorf("next %q: %d to %q, want 303 to %q", next, got.status, got.location(), want)
		}
	}
}

func TestWrongPasswordsAndUsersAreRefusedAlike(t *testing.T) {
	t.Parallel()
	v := newHouse(oneNight(1)).visit(t)
	var bodies []string
	for _, c := range [][2]string{{"admin", "wrong"}, {"admin", ""}, {"nobody", password}, {"", ""}, {"admin", strings.Repeat("x", 2000)}} {
		got := v.logIn(c[0], c[1])
		if got.status != http.StatusUnauthorized || got.header.Get("Set-Cookie") != "" {
			t.Errorf("%q: status %d, cookie %q, want 401 and none", c, got.status, got.header.Get("Set-Cookie"))
		}
		bodies = append(bodies, got.body)
	}
	if strings.ReplaceAll(bodies[0], `value="admin"`, "") != strings.ReplaceAll(bodies[2], `value="nobody"`, "") {
		t.Error("the page tells which users there are")
	}
}

func TestTooManyAttemptsWait(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(1))
	v := h.visit(t)
	var got reply
	for range 9 {
		got = v.logIn("admin", "wrong")
	}
	if got.status != http.StatusTooManyRequests || !strings.Contains(got.body, "Too many attempts from your address. Try again in 12s.") || got.header.Get("Retry-After") != "12" {
		t.Errorf("the ninth: status %d, Retry-After %q", got.status, got.header.Get("Retry-After"))
	}
	if got := v.logIn("admin", password); got.status != http.StatusTooManyRequests {
		t.Errorf("the right password before its time: %d, want 429", got.status)
	}
	h.now = h.now.Add(12 * time.Second)
	if got := v.logIn("admin", password); got.status != http.StatusSeeOther {
		t.Errorf("after waiting: %d, want 303", got.status)
	}
}

func TestUserIsLimitedOverAllAddressesButNotKeptOut(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(1))
	h.settings.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	v := h.visit(t)
	from := func(address, password string) reply {
		return v.do(http.MethodPost, "/login", url.Values{"username": {"admin"}, "password": {password}}, http.Header{
			"Content-Type": {"application/x-www-form-urlencoded"}, "X-Forwarded-For": {address}, "X-Forwarded-Proto": {"https"},
		})
	}
	if got := from("192.0.2.1", password); got.status != http.StatusSeeOther {
		t.Fatalf("log in from home: %d", got.status)
	}
	var last reply
	for i := range 40 {
		last = from(netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}).String(), "guess")
	}
	if last.status != http.StatusTooManyRequests || !strings.Contains(last.body, "Too many attempts for this user") {
		t.Errorf("the fortieth stranger: %d, want 429", last.status)
	}
	if got := from("192.0.2.1", password); got.status != http.StatusSeeOther {
		t.Errorf("from home all the same: %d, want 303", got.status)
	}
	// What a stranger writes in front of the header changes nothing.
	for range 9 {
		last = from("203.0.113.9, 198.51.100.200", "guess")
	}
	if last.status != http.StatusTooManyRequests {
		t.Errorf("an address made up: %d, want 429", last.status)
	}
}

func TestLoginFloodIsTurnedAway(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(1))
	encoded, err := pages.HashPassword(password)
	if err != nil {
		t.Fatal(err)
	}
	h.users["admin"] = encoded
	h.settings.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	v := h.visit(t)
	var group sync.WaitGroup
	statuses := make(chan int, 60)
	for i := range 60 {
		group.Go(func() {
			got := v.do(http.MethodPost, "/login", url.Values{"username": {"user" + number(int64(i))}, "password": {"x"}}, http.Header{
				"Content-Type": {"application/x-www-form-urlencoded"}, "X-Forwarded-For": {netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}).String()}, "X-Forwarded-Proto": {"https"},
			})
			statuses <- got.status
		})
	}
	group.Wait()
	close(statuses)
	counts := map[int]int{}
	for status := range statuses {
		counts[status]++
	}
	if counts[http.StatusUnauthorized] == 0 || counts[http.StatusUnauthorized]+counts[http.StatusTooManyRequests] != 60 {
		t.Errorf("statuses %v, want 401 and 429 only", counts)
	}
}

func TestCookiesFitTheTransport(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	cases := map[string]struct {
		host    string
		header  http.Header
		trusted []netip.Prefix
		admin   string
		want    string // the cookie, "" where there must be no form
	}{
		"loopback gets a plain one":                     {host: "127.0.0.1:8080", want: "backstop"},
		"localhost is loopback":                         {host: "localhost:8080", want: "backstop"},
		"so is IPv6":                                    {host: "[::1]:8080", want: "backstop"},
		"PUBLIC_URL says https":                         {host: "fallback.example.com", want: "__Host-backstop"},
		"PUBLIC_URL in capitals":                        {host: "FALLBACK.example.com", want: "__Host-backstop"},
		"admin_url says https":                          {host: "admin.example.com:8443", admin: "https://admin.example.com:8443", want: "__Host-backstop"},
		"a trusted proxy says https":                    {host: "192.0.2.7", header: http.Header{"X-Forwarded-Proto": {"https"}}, trusted: proxies, want: "__Host-backstop"},
		"a trusted proxy that rewrites the host":        {host: "127.0.0.1:8080", header: http.Header{"X-Forwarded-Proto": {"https"}}, trusted: proxies, want: "__Host-backstop"},
		"an address of the LAN gets no form":            {host: "192.168.1.7:8080"},
		"a name of the LAN gets no form":                {host: "backstop.lan:8080"},
		"another port of PUBLIC_URL gets no form":       {host: "fallback.example.com:8080"},
		"a name that looks like loopback gets no form":  {host: "localhost.example.com"},
		"a header of a stranger counts for nothing":     {host: "192.0.2.7", header: http.Header{"X-Forwarded-Proto": {"https"}}},
		"a proxy that is not trusted is not loopback":   {host: "127.0.0.1:8080", header: http.Header{"X-Forwarded-For": {"192.0.2.9"}}},
		"a trusted proxy that says http gets no form":   {host: "fallback.example.com", header: http.Header{"X-Forwarded-Proto": {"http"}}, trusted: proxies},
		"admin_url over http does not make it readable": {host: "admin.lan", admin: "http://admin.lan"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(1))
			h.settings.TrustedProxies, h.settings.AdminURL = c.trusted, c.admin
			v := h.visit(t)
			header := http.Header{"Host": {c.host}, "Content-Type": {"application/x-www-form-urlencoded"}}
			maps.Copy(header, c.header)
			page := v.do(http.MethodGet, "/login", nil, header)
			if form := strings.Contains(page.body, "<form"); form != (c.want != "") {
				t.Errorf("form: %v, want %v", form, c.want != "")
			}
			got := v.do(http.MethodPost, "/login", url.Values{"username": {"admin"}, "password": {password}}, header)
			cookie := got.header.Get("Set-Cookie")
			if c.want == "" {
				if got.status != http.StatusForbidden || cookie != "" || !strings.Contains(page.body, "SSH tunnel") {
					t.Errorf("status %d, cookie %q, want 403, none and the ways out", got.status, cookie)
				}
				return
			}
			secure := strings.Contains(cookie, "; Secure")
			if !strings.HasPrefix(cookie, c.want+"=") || secure != strings.HasPrefix(c.want, "__Host-") ||
				!strings.Contains(cookie, "; HttpOnly") || !strings.Contains(cookie, "; SameSite=Lax") || !strings.Contains(cookie, "; Path=/") || strings.Contains(cookie, "Domain") {
				t.Errorf("cookie %q, want %s", cookie, c.want)
			}
		})
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	v := h.enter(t)
	for name, header := range map[string]http.Header{
		"cross-site":    {"Sec-Fetch-Site": {"cross-site"}},
		"same-site":     {"Sec-Fetch-Site": {"same-site"}},
		"by its origin": {"Origin": {"https://evil.example"}},
		"opaque origin": {"Origin": {"null"}},
	} {
		for _, path := range []string{"/login", "/logout", "/incidents/14/resolve", "/history/" + h.ledger.failures[0].ID.String() + "/reveal"} {
			if got := v.do(http.MethodPost, path, nil, header); got.status != http.StatusForbidden {
				t.Errorf("%s to %s: %d, want 403", name, path, got.status)
			}
		}
	}
	if h.ledger.incidents[2].ResolvedBy != "" {
		t.Error("another site has resolved the incident")
	}
	for name, header := range map[string]http.Header{
		"our own":                           {"Sec-Fetch-Site": {"same-origin"}},
		"PUBLIC_URL's behind a proxy":       {"Origin": {"https://fallback.example.com"}},
		"a program's, without any of these": {},
	} {
		if got := v.do(http.MethodPost, "/incidents/14/acknowledge", nil, header); got.status != http.StatusSeeOther {
			t.Errorf("%s: %d, want 303", name, got.status)
		}
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	t.Run("by logging out", func(t *testing.T) {
		t.Parallel()
		v := newHouse(oneNight(1)).enter(t)
		at, _ := url.Parse(v.base)
		before := v.client.Jar.Cookies(at)
		if got := v.post("/logout", nil); got.status != http.StatusSeeOther || got.location() != "/login" {
			t.Errorf("log out: %d to %q", got.status, got.location())
		}
		v.client.Jar.SetCookies(at, before)
		if got := v.get("/"); got.status != http.StatusSeeOther {
			t.Errorf("with the old cookie: %d, want 303", got.status)
		}
	})
	t.Run("after twelve hours", func(t *testing.T) {
		t.Parallel()
		h := newHouse(oneNight(1))
		h.now = time.Now()
		v := h.enter(t)
		h.now = h.now.Add(12*time.Hour + time.Minute)
		if got := v.get("/"); got.status != http.StatusSeeOther {
			t.Errorf("the next day: %d, want 303", got.status)
		}
	})
	t.Run("with a new password", func(t *testing.T) {
		t.Parallel()
		h := newHouse(oneNight(1))
		v := h.enter(t)
		h.users["admin"], _ = pages.HashPassword("another")
		if got := v.get("/"); got.status != http.StatusSeeOther {
			t.Errorf("under the old one: %d, want 303", got.status)
		}
	})
	t.Run("with the user", func(t *testing.T) {
		t.Parallel()
		h := newHouse(oneNight(1))
		v := h.enter(t)
		delete(h.users, "admin")
		if got := v.get("/"); got.status != http.StatusSeeOther {
			t.Errorf("without the user: %d, want 303", got.status)
		}
	})
}

func TestTokenChangesWithTheLogin(t *testing.T) {
	t.Parallel()
	v := newHouse(oneNight(1)).visit(t)
	at, _ := url.Parse(v.base)
	v.client.Jar.SetCookies(at, []*http.Cookie{{Name: "backstop", Value: "planted"}})
	v.logIn("admin", password)
	first := v.client.Jar.Cookies(at)[0].Value
	v.logIn("admin", password)
	if second := v.client.Jar.Cookies(at)[0].Value; first == "planted" || first == second {
		t.Errorf("tokens %q and %q, want new ones", first, second)
	}
}

func TestLoginIsLoggedWithoutPassword(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	h := newHouse(oneNight(1))
	h.log = slog.New(slog.NewJSONHandler(&out, nil))
	v := h.visit(t)
	v.logIn("admin\n{\"level\":\"x\"}", "wrong-secret")
	v.logIn("admin", password)
	if lines := strings.Count(out.String(), "\n"); lines != 2 || strings.Contains(out.String(), "wrong-secret") || strings.Contains(out.String(), password) {
		t.Errorf("log: %s", out.String())
	}
}

func TestPasswordsAreHashedAndVerified(t *testing.T) {
	t.Parallel()
	one, err := pages.HashPassword("pässword")
	if err != nil {
		t.Fatal(err)
	}
	two, _ := pages.HashPassword("pässword")
	if one == two || !strings.HasPrefix(one, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("got %s and %s, want two salts", one, two)
	}
	if !pages.VerifyPassword(one, "pässword") || pages.VerifyPassword(one, "passwort") || pages.VerifyPassword(one, "") {
		t.Error("want the right password to be verified and no other")
	}
	for _, bad := range []string{"", strings.Repeat("x", pages.MaxPassword+1)} {
		if _, err := pages.HashPassword(bad); err == nil {
			t.Errorf("a password of %d bytes was taken", len(bad))
		}
	}
	for name, encoded := range map[string]string{
		"nothing":            "",
		"another kind":       "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"another version":    strings.Replace(one, "v=19", "v=16", 1),
		"no memory":          strings.Replace(one, "m=19456", "m=0", 1),
		"all the memory":     strings.Replace(one, "m=19456", "m=4294967295", 1),
		"for ever":           strings.Replace(one, "t=2", "t=4294967295", 1),
		"no thread":          strings.Replace(one, "p=1", "p=0", 1),
		"signs":              strings.Replace(one, "m=19456", "m=+19456", 1),
		"a short key":        one[:len(one)-4],
		"something after it": one + "$x",
	} {
		if pages.ValidHash(encoded) || pages.VerifyPassword(encoded, "pässword") {
			t.Errorf("%s: %s was taken for a hash", name, encoded)
		}
	}
}

func FuzzValidHash(f *testing.F) {
	f.Add(hash)
	f.Add("$argon2id$v=19$m=1,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, encoded string) {
		if pages.ValidHash(encoded) && !strings.HasPrefix(encoded, "$argon2id$v=19$m=") {
			t.Errorf("%q was taken for a hash", encoded)
		}
	})
}
