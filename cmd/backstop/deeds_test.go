package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/twilio/sim"
)

// raw makes one request of a stranger.
func (p *program) raw(method, path string, header http.Header, body string) (status int, answer string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.base+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	maps.Copy(r.Header, header)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response.StatusCode, string(read)
}

var actLink = regexp.MustCompile(`https://fallback\.example\.com(/act/[\w-]+)`)

// ofIncidents are the mails about incidents: on a busy machine there may be one
// before them that the ledger opens slowly.
func ofIncidents(mails *mailServer) []received {
	return slices.DeleteFunc(mails.got(), func(m received) bool { return !isAbout(m.subject(), []string{"not helped"}) })
}

func TestALinkOfAMailActsInItsRecipientsName(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	p := start(t, configured(t).with(mails.settings()).with(settings{"ALERT_EMAIL_TO": "anna@example.com, bob@example.com"}))
	p.call(sim.Call{From: "+14158675310"})
	var bobs received
	eventually(t, soon, "both are told", func() bool {
		told := ofIncidents(mails)
		i := slices.IndexFunc(told, func(m received) bool { return m.to[0] == "bob@example.com" })
		if i >= 0 {
			bobs = told[i]
		}
		return i >= 0 && len(told) == 2
	})
	links := actLink.FindAllStringSubmatch(bobs.text, -1)
	if len(links) != 3 {
		t.Fatalf("%d links in\n%s", len(links), bobs.text)
	}
	link := links[0][1]
	if status, page := p.raw(http.MethodGet, link, nil, ""); status != http.StatusOK || !strings.Contains(page, "primary.example.com") || strings.Contains(page, "4158675310") {
		t.Errorf("got %d\n%s", status, page)
	}
	who := p.person()
	if at := who.get("/incidents/1"); strings.Contains(at.text, "bob@example.com") {
		t.Error("looking at the link has changed something")
	}
	for _, want := range []string{"the incident is yours", "You took it already"} {
		if status, page := p.raw(http.MethodPost, link, nil, ""); status != http.StatusOK || !strings.Contains(page, want) {
			t.Errorf("got %d\n%s", status, page)
		}
	}
	who.await(soon, "/incidents/1", "bob@example.com by e-mail", "acknowledged")
	if _, page := p.raw(http.MethodPost, links[2][1], nil, ""); !strings.Contains(page, "is resolved") {
		t.Errorf("got %s", page)
	}
	eventually(t, soon, "both are told that it is over, in one mail without links", func() bool {
		return slices.ContainsFunc(mails.got(), func(m received) bool {
			return len(m.to) == 2 && strings.HasPrefix(m.subject(), "Resolved") && !strings.Contains(m.text, "/act/")
		})
	})
}

func TestLinksWorkWhereThePagesHaveAPortOfTheirOwn(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	p := start(t, configured(t).with(mails.settings()).with(settings{"ADMIN_LISTEN": "127.0.0.1:0", "ADMIN_URL": "https://admin.example.com"}))
	p.call(sim.Call{From: "+14158675310"})
	mail := mails.await(t, soon, "not helped")
	link := actLink.FindStringSubmatch(mail.text)
	if link == nil {
		t.Fatalf("no link in\n%s", mail.text)
	}
	status, page := p.raw(http.MethodPost, link[1], nil, "")
	if status != http.StatusOK || !strings.Contains(page, "the incident is yours") || !strings.Contains(page, "https://admin.example.com/incidents/1") {
		t.Errorf("got %d\n%s", status, page)
	}
}

const signingSecret = "0123456789abcdef0123456789abcdef"

func TestAButtonInSlackActsAndTheMessageSaysSo(t *testing.T) {
	t.Parallel()
	slack := newSlack(t)
	p := start(t, configured(t).with(slack.botSettings()).withFile(t, fmt.Sprintf(
		"notifiers: [{name: slack, slack: {api_url: %q, signing_secret: %s, team: T0000001, app_id: A0000001}}]\n", slack.URL+"/api/", signingSecret)))
	p.call(sim.Call{From: "+14158675310"})
	post := slack.await(t, soon, "primary.example.com")
	_, laidOut, _ := strings.Cut(post.body, "\n")
	var blocks []struct {
		Type     string
		Elements []struct {
			ActionID string `json:"action_id"`
			Value    string
		}
	}
	if err := json.Unmarshal([]byte(laidOut), &blocks); err != nil {
		t.Fatal(err)
	}
	buttons := blocks[len(blocks)-1].Elements
	if len(buttons) != 3 {
		t.Fatalf("the message is %s", laidOut)
	}
	payload, _ := json.Marshal(map[string]any{
		"type": "block_actions", "api_app_id": "A0000001", "team": map[string]string{"id": "T0000001"}, "user": map[string]string{"id": "U0000001"},
		"actions": []any{map[string]string{"action_id": buttons[0].ActionID, "value": buttons[0].Value}},
	})
	body := url.Values{"payload": {string(payload)}}.Encode()
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(signingSecret))
	mac.Write([]byte("v0:" + timestamp + ":" + body))
	status, answer := p.raw(http.MethodPost, "/slack/interaction", http.Header{
		"Content-Type":              {"application/x-www-form-urlencoded"},
		"X-Slack-Request-Timestamp": {timestamp}, "X-Slack-Signature": {"v0=" + hex.EncodeToString(mac.Sum(nil))},
	}, body)
	if status != http.StatusOK || answer != "" {
		t.Errorf("got %d %s", status, answer)
	}
	eventually(t, soon, "the message says who has it, and has that button no more", func() bool {
		return slices.ContainsFunc(slack.got(), func(m slackPost) bool {
			return m.method == "chat.update" && strings.Contains(m.body, "U0000001") && !strings.Contains(m.body, "backstop_acknowledge") && strings.Contains(m.body, "backstop_resolve")
		})
	})
	who := p.person()
	who.await(soon, "/incidents/1", "Slack user U0000001")
	who.post("/incidents/1/resolve", nil)
	eventually(t, soon, "no button is left", func() bool {
		posts := slack.got()
		i := slices.IndexFunc(posts, func(m slackPost) bool { return m.method == "chat.update" && strings.Contains(m.text, "Resolved") })
		return i >= 0 && !strings.Contains(posts[i].body, "backstop_")
	})
}

// signedPost posts as Twilio does.
func (p *program) signedPost(path string, params map[string]string) (status int, answer string) {
	p.t.Helper()
	mac := hmac.New(sha1.New, []byte(authToken))
	mac.Write([]byte("https://fallback.example.com" + path))
	form := url.Values{}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		mac.Write([]byte(name + params[name]))
		form.Set(name, params[name])
	}
	return p.raw(http.MethodPost, path, http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "X-Twilio-Signature": {base64.StdEncoding.EncodeToString(mac.Sum(nil))},
	}, form.Encode())
}

// withDeed is the first of these forms whose parameter says that something can be
// done; nil for none.
func withDeed(forms []string, name, says string) url.Values {
	for _, one := range forms {
		if form, _ := url.ParseQuery(one); strings.Contains(form.Get(name), says) {
			return form
		}
	}
	return nil
}

func TestWhoIsTextedOrCalledActsByReplyAndKey(t *testing.T) {
	t.Parallel()
	s := newServices(t)
	p := start(t, configured(t).withFile(t, fmt.Sprintf(`
twilio_api_url: %s
notifiers:
  - {name: sms, twilio_sms: {from: "+15550100", to: "+15550123", replies: true}}
  - {name: call, twilio_call: {from: "+15550100", to: "+15550123"}}
`, s.URL)))
	p.call(sim.Call{From: "+14158675310"})
	p.call(sim.Call{From: "+14158675311"}) // the second makes a page of it
	at := "/2010-04-01/Accounts/" + accountSID
	var text, call url.Values
	eventually(t, soon, "Ben is reached", func() bool {
		text, call = withDeed(s.at(at+"/Messages.json"), "Body", "Reply "), withDeed(s.at(at+"/Calls.json"), "Twiml", "/twilio/act/")
		return text != nil && call != nil
	})
	code := regexp.MustCompile(`Reply (\d{6}) to take it`).FindStringSubmatch(text.Get("Body"))
	if code == nil {
		t.Fatalf("the text is %q", text.Get("Body"))
	}
	status, answer := p.signedPost("/twilio/act", map[string]string{
		"AccountSid": accountSID, "MessageSid": "SM0123456789abcdef0123456789abcdef", "From": "+15550123", "To": "+15550100", "Body": code[1],
	})
	if status != http.StatusOK || !strings.Contains(answer, "the incident is yours") {
		t.Errorf("got %d %s", status, answer)
	}
	action := regexp.MustCompile(`action="https://fallback\.example\.com(/twilio/act/call/[\w-]+)"`).FindStringSubmatch(call.Get("Twiml"))
	if action == nil {
		t.Fatalf("the call says %q", call.Get("Twiml"))
	}
	status, answer = p.signedPost(action[1], map[string]string{
		"AccountSid": accountSID, "CallSid": "CA0123456789abcdef0123456789abcdef", "From": "+15550100", "To": "+15550123", "Digits": "3",
	})
	if status != http.StatusOK || !strings.Contains(answer, "It is resolved") {
		t.Errorf("got %d %s", status, answer)
	}
	at1 := p.person().await(soon, "/incidents/1", "by SMS", "by a call")
	if strings.Contains(at1.text, "+15550123") {
		t.Error("the page shows the number of who acted")
	}
	_, metrics := p.raw(http.MethodGet, "/metrics", http.Header{"Authorization": {"Bearer " + strings.TrimSpace(read(t, p.path("api.token")))}}, "")
	var counted []string
	for lines := bufio.NewScanner(strings.NewReader(metrics)); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "backstop_deeds_total") && strings.HasSuffix(lines.Text(), " 1") {
			counted = append(counted, lines.Text())
		}
	}
	if len(counted) != 2 {
		t.Errorf("counted %q", counted)
	}
}
