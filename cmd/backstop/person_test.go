package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// person is somebody at a browser.
type person struct {
	t    *testing.T
	base string
	http *http.Client
}

// visitor has not logged in yet.
func (p *program) visitor() *person {
	p.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	transport := &http.Transport{}
	p.t.Cleanup(transport.CloseIdleConnections)
	return &person{t: p.t, base: p.base, http: &http.Client{Jar: jar, Transport: transport, Timeout: 10 * time.Second}}
}

// person is the admin, logged in with the generated password.
func (p *program) person() *person {
	p.t.Helper()
	who := p.visitor()
	who.login(p.password())
	return who
}

// password is the generated one.
func (p *program) password() string {
	p.t.Helper()
	return strings.TrimSpace(read(p.t, p.path(passwordFile)))
}

func (who *person) login(password string) {
	who.t.Helper()
	var at page
	eventually(who.t, 10*time.Second, "it is this person's turn to log in", func() bool {
		at = who.tryLogin(password)
		return at.status != http.StatusTooManyRequests
	})
	if at.path != "/" {
		who.t.Fatalf("not logged in, but at %s: %s", at.path, at.text)
	}
}

func (who *person) tryLogin(password string) page {
	who.t.Helper()
	return who.post("/login", url.Values{"username": {adminName}, "password": {password}})
}

// page is what a person sees.
type page struct {
	t      *testing.T
	status int
	path   string
	source string
	text   string // what can be read on it
	root   *html.Node
}

func (who *person) get(path string) page {
	who.t.Helper()
	r, err := http.NewRequestWithContext(who.t.Context(), http.MethodGet, who.base+path, http.NoBody)
	if err != nil {
		who.t.Fatal(err)
	}
	return who.open(r)
}

// post sends a form as the page's own buttons do.
func (who *person) post(path string, form url.Values) page {
	who.t.Helper()
	r, err := http.NewRequestWithContext(who.t.Context(), http.MethodPost, who.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		who.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", who.base)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return who.open(r)
}

func (who *person) open(r *http.Request) page {
	who.t.Helper()
	response, err := who.http.Do(r)
	if err != nil {
		who.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		who.t.Fatal(err)
	}
	at := page{t: who.t, status: response.StatusCode, path: response.Request.URL.Path, source: string(raw)}
	if at.root, err = html.Parse(strings.NewReader(at.source)); err != nil {
		who.t.Fatal(err)
	}
	at.text = strings.Join(strings.Fields(readable(at.root)), " ")
	return at
}

// readable is the text of a page, as a person or a screen reader has it.
func readable(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := range n.ChildNodes() {
		b.WriteString(readable(c))
		b.WriteByte(' ')
	}
	return b.String()
}

// await opens a page until it shows all the words.
func (who *person) await(within time.Duration, path string, words ...string) page {
	who.t.Helper()
	var at page
	eventually(who.t, within, fmt.Sprintf("%s shows %q", path, words), func() bool {
		at = who.get(path)
		return hasAll(at.text, words)
	})
	return at
}

// shows complains about words that are not on the page.
func (at page) shows(words ...string) {
	at.t.Helper()
	for _, word := range words {
		if !strings.Contains(at.text, word) {
			at.t.Errorf("%s does not show %q, but:\n%s", at.path, word, at.text)
		}
	}
}

// link is where the first link goes that begins so.
func (at page) link(prefix string) string {
	at.t.Helper()
	for n := range at.root.Descendants() {
		if n.Data != "a" {
			continue
		}
		for _, a := range n.Attr {
			if a.Key == "href" && strings.HasPrefix(a.Val, prefix) {
				return a.Val
			}
		}
	}
	at.t.Fatalf("%s has no link that begins with %s", at.path, prefix)
	return ""
}

// command is the first text to be copied that begins so.
func (at page) command(prefix string) string {
	at.t.Helper()
	for n := range at.root.Descendants() {
		if n.Data == "code" && n.FirstChild != nil && strings.HasPrefix(n.FirstChild.Data, prefix) {
			return n.FirstChild.Data
		}
	}
	at.t.Fatalf("%s has nothing to copy that begins with %s", at.path, prefix)
	return ""
}
