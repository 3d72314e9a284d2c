package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// accountFile is a configuration file with that token for the account.
func accountFile(token string) string {
	return fmt.Sprintf("accounts:\n  - {name: main, sid: %s, auth_tokens: [%q]}\n", accountSID, token)
}

func TestAReloadWithTheRightTokenRecordsWhatFailedTheCheckInOneAlert(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	env := configured(t).with(mails.settings()).with(settings{"TWILIO_AUTH_TOKEN": "", "TWILIO_ACCOUNT_SID": ""}).
		withFile(t, accountFile("0000000000000000ffffffffffffffff"))
	p := spawn(t, env)
	began := time.Now()
	const callers = 5
	for n := range callers {
		result := p.call(sim.Call{From: fmt.Sprintf("+1415867531%d", n), ErrorURL: fmt.Sprintf("https://host%d.example.com/voice", n)})
		if failure := result.First().Failure(); failure != "" {
			t.Errorf("an unverified call is said to be recorded: %s", failure)
		}
	}
	mails.await(t, 2*soon, "5 requests for your account failed the signature check")
	p.person().await(soon, "/", "5 requests for your account failed the signature check: these may be real callers")

	write(t, env["BACKSTOP_CONFIG"], accountFile(authToken))
	p.reload()
	who := p.person()
	list := who.await(soon, "/history", "5 failures", "verified late")
	who.get(list.link("/history/0")).shows("verified late")
	if strings.Contains(who.get("/").text, "failed the signature check") {
		t.Error("the page still speaks of unverified requests")
	}
	mails.await(t, 4*soon, "5 incidents")
	if late := slices.DeleteFunc(mails.subjects(), func(s string) bool { return strings.Contains(s, "signature check") }); len(late) != 1 {
		t.Errorf("late failures were told in %q, want one mail", late)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("all of it took %s", took)
	}
}

func TestTheLinesThatThePageShowsSetBackstopUp(t *testing.T) {
	t.Parallel()
	env := unconfigured(t).withFile(t, "{}\n")
	p := spawn(t, env)
	p.call(sim.Call{})
	who := p.person()
	lines := who.get("/").command("public_url: ")
	if elsewhere := who.get("/history").command("public_url: "); elsewhere != lines {
		t.Errorf("the empty history says to write\n%s\nwant, as on the first page,\n%s", elsewhere, lines)
	}
	yourOwn := strings.NewReplacer("https://YOUR-PUBLIC-ADDRESS", publicURL, "AC…", accountSID, `"…"`, `"`+authToken+`"`)
	write(t, env["BACKSTOP_CONFIG"], yourOwn.Replace(lines))
	p.reload()
	who.await(soon, "/history", "1 failure", "verified late")
	who.get("/").shows("Done: requests are verified and recorded")
}

func TestABrokenFileKeepsTheOldConfigurationAndSaysSoEverywhere(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	env := configured(t).with(mails.settings()).withFile(t, "lines:\n  - {match: \"+1800*\", name: The Clinic}\n")
	p := spawn(t, env)
	write(t, env["BACKSTOP_CONFIG"], "lines:\n  - {match: \"+1800*\", nme: Other}\ntime_zone: Mars/Olympus\n")
	p.reload()
	if heard := strings.Join(p.call(sim.Call{}).Heard(), " "); !strings.Contains(heard, "The Clinic") {
		t.Errorf("the caller heard %q, want the old configuration's name", heard)
	}
	refused := p.logLines("changed configuration refused, the old one goes on")
	if len(refused) != 1 || !hasAll(refused[0].Err, []string{"nme", "Mars/Olympus"}) {
		t.Errorf("the log says %+v, want both mistakes", refused)
	}
	mail := mails.await(t, soon, "The changed configuration was refused")
	if !hasAll(mail.text, []string{"nme", "Mars/Olympus"}) {
		t.Errorf("the mail does not say why:\n%s", mail.text)
	}
	who := p.person()
	who.get("/").shows("The changed configuration was refused", "nme")

	write(t, env["BACKSTOP_CONFIG"], "lines:\n  - {match: \"+1800*\", name: The Hospital}\n")
	p.reload()
	if heard := strings.Join(p.call(sim.Call{}).Heard(), " "); !strings.Contains(heard, "The Hospital") {
		t.Errorf("the caller heard %q, want the new configuration's name", heard)
	}
	if strings.Contains(who.get("/").text, "was refused") {
		t.Error("the page still says that it was refused")
	}
}

func TestAReloadMayBringANotifierAndAPublicURL(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	env := configured(t).with(settings{"PUBLIC_URL": ""}).withFile(t, "public_url: https://wrong.example.com\n")
	p := spawn(t, env)
	p.call(sim.Call{})
	p.person().await(soon, "/", "signed for "+publicURL)
	write(t, env["BACKSTOP_CONFIG"], "public_url: "+publicURL+"\nnotifiers:\n"+
		"  - {name: ops, email: {smtp: \"smtp://"+mails.address+"?starttls=never\", from: backstop@example.com, to: [ops@example.com]}}\n")
	p.reload()
	mails.await(t, 4*soon, "Late: 1", "example.com")
}

func TestUnverifiedRequestsAreRejectedWhereThatIsConfigured(t *testing.T) {
	t.Parallel()
	p := start(t, configured(t).with(settings{"UNVERIFIED": "reject"}))
	forged := p.request("/fallback/voice", sim.Call{})
	forged.Header.Set("X-Twilio-Signature", "Zm9yZ2Vk")
	if e := p.twilio().Do(t.Context(), forged); e.Status != http.StatusForbidden || strings.Contains(string(e.Body), "<Response") {
		t.Errorf("a forged request got %d %s", e.Status, e.Body)
	}
	p.person().await(soon, "/", "Such requests are refused with 403")
	genuine := p.ask(p.request("/fallback/voice", sim.Call{}), twiml.Voice)
	if failureID(genuine) == "" {
		t.Errorf("a genuine request got %s", genuine.Failure())
	}
}
