package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMistakesAreFound(t *testing.T) {
	account := "accounts: [{sid: " + sid + ", auth_tokens: [" + token + "]}]\n"
	tests := map[string]struct{ yaml, want string }{
		"PUBLIC_URL without a scheme":            {"public_url: fallback.example.com", `public_url = "fallback.example.com" (backstop.yaml:1:13) must start with https://`},
		"PUBLIC_URL with a query":                {"public_url: https://a.example/?x=1", `public_url = "https://a.example/?x=1" (backstop.yaml:1:13) must not have a query`},
		"PUBLIC_URL with a fragment":             {"public_url: https://a.example/#rc=3", `public_url = "https://a.example/#rc=3" (backstop.yaml:1:13) has a fragment`},
		"PUBLIC_URL with no host":                {"public_url: https:///x", `public_url = "https:///x" (backstop.yaml:1:13) must name a host`},
		"a short SID":                            {"accounts: [{sid: AC12, auth_tokens: [" + token + "]}]", `accounts[0].sid = "AC12" (backstop.yaml:1:18) is no Account SID: copy it from`},
		"an API key for a SID":                   {"accounts: [{sid: SK" + sid[2:] + ", auth_tokens: [" + token + "]}]", `accounts[0].sid = "SK` + sid[2:] + `" (backstop.yaml:1:18) is an API key, and those never sign: `},
		"the SID of drills":                      {"accounts: [{sid: AC000000000000000000000000000000d0, auth_tokens: [" + token + "]}]", `accounts[0].sid = "AC000000000000000000000000000000d0" (backstop.yaml:1:18) is reserved for drills: `},
		"the same account twice":                 {"accounts: [{sid: " + sid + ", auth_tokens: [" + token + "]}, {sid: " + sid + ", auth_tokens: [" + token + "]}]", `accounts[1].sid = "` + sid + `" (backstop.yaml:1:`},
		"the same name twice":                    {"accounts: [{name: a, sid: " + sid + ", auth_tokens: [" + token + "]}, {name: a, sid: " + sid2 + ", auth_tokens: [" + token + "]}]", `accounts[1].name = "a" (backstop.yaml:1:`},
		"a mention of nobody":                    {`notifiers: [{name: s, slack: {webhook_url: "https://hooks.slack.com/services/x", mention: "@ops"}}]`, `notifiers[0].slack.mention = "@ops" (backstop.yaml:1:`},
		"an account of nothing":                  {"accounts: [{name: a}]", `accounts[0].sid (backstop.yaml:1:13) is missing: `},
		"an account without tokens":              {"accounts: [{sid: " + sid + "}]", `accounts[0].auth_tokens (backstop.yaml:1:13) is missing: no request of this account could be verified: `},
		"a token with a space":                   {"accounts: [{sid: " + sid + `, auth_tokens: ["a b"]}]`, `accounts[0].auth_tokens[0] = ••• (backstop.yaml:1:`},
		"a key that is not built yet":            {"pagers: {}", `pagers (backstop.yaml:1:1) is an unknown key: remove it; the keys here are accounts, `},
		"a primary with a path":                  {"primaries: [https://a.example/x]", `primaries[0] = "https://a.example/x" (backstop.yaml:1:13) is no server: write scheme and host only, such as https://www.example.com`},
		"a primary without a URL":                {"primaries: [{probe: /healthz}]", `primaries[0] (backstop.yaml:1:14) is no server: `},
		"a primary's probe elsewhere":            {"primaries: [{url: https://a.example, probe: 'https://b.example/'}]", `primaries[0].probe = "https://b.example/" (backstop.yaml:1:45) is on another server: write a path of that server, such as /healthz`},
		"a primary's health elsewhere":           {"primaries: [{url: https://a.example, probe: /x, health_url: 'https://b.example/'}]", `primaries[0].health_url = "https://b.example/" (backstop.yaml:1:61) is on another server: write a path of that server, such as /healthz`},
		"a primary that is probed too often":     {"primaries: [{url: https://a.example, probe: /x, probe_every: 1s}]", `primaries[0].probe_every = "1s" (backstop.yaml:1:62) is no time that can be waited for: write one between 5s and 10m, such as 15s`},
		"a primary with an unknown key":          {"primaries: [{url: https://a.example, prob: /x}]", `primaries[0].prob (backstop.yaml:1:38) is an unknown key: did you mean "probe"?`},
		"a list in the place of a primary":       {"primaries: [[https://a.example]]", `primaries[0] (backstop.yaml:1:13) must be one value: `},
		"primaries that are no list":             {"primaries: {url: https://a.example}", `primaries (backstop.yaml:1:13) must be a list: `},
		"a target's probe elsewhere":             {"targets: {a: {url: 'https://a.example', probe: healthz}}", `targets.a.probe = "healthz" (backstop.yaml:1:48) is neither a path nor a URL: `},
		"a probe that is never made":             {"targets: {a: {url: 'https://a.example', probe_every: 15s}}", `targets.a.probe_every = "15s" (backstop.yaml:1:54) has no probe beside it: say what to ask, such as probe: /healthz, or remove it`},
		"a rule for a server without a probe":    {"targets: {a: {url: 'https://a.example'}}\nrecovery: [{match: {health: [a down]}, steps: [{message: apology}]}]", `recovery[0].match.health[0] = "a down" (backstop.yaml:2:30) names no server that is probed: give a target or one of primaries a probe, such as probe: /healthz`},
		"a target without a URL":                 {"targets: {a: {timeout: 2s}}", `targets.a.url (backstop.yaml:1:15) is no URL: write https://standby.example.com{path}`},
		"a target with a password":               {"targets: {a: {url: 'https://u:p@b.example/'}}", `targets.a.url = ••• (backstop.yaml:1:20) has a user name in it, `},
		"a target that may take for ever":        {"targets: {a: {url: 'https://b.example', timeout: 15s}}", `targets.a.timeout = "15s" (backstop.yaml:1:50) is no time that can be waited for: write one between 100ms and 4s, such as 3s`},
		"a rule with an unknown target":          {"targets: {b: {url: 'https://b.example'}}\nrecovery: [{steps: [{failover: a}]}]", `recovery[0].steps[0].failover = "a" (backstop.yaml:2:32) is no target: add it under targets, or use one that is there (b)`},
		"a rule that hides those behind it":      {"recovery: [{steps: [{message: apology}]}, {match: {channel: voice}, steps: [{message: apology}]}]", `recovery[0] (backstop.yaml:1:13) matches everything, `},
		"a hedge beside one target":              {"targets: {b: {url: 'https://b.example'}}\nrecovery: [{steps: [{failover: b, hedge: 300ms}]}]", `recovery[0].steps[0].hedge = "300ms" (backstop.yaml:2:42) has no two targets beside it, of which the second could be asked: write {failover: [a, b], hedge: 300ms}, or remove it`},
		"a hedge beside no target":               {"recovery: [{steps: [{message: apology, hedge: 300ms}]}]", `recovery[0].steps[0].hedge = "300ms" (backstop.yaml:1:47) has no two targets beside it, `},
		"a hedge that is none":                   {"targets: {a: {url: 'https://a.example'}, b: {url: 'https://b.example'}}\nrecovery: [{steps: [{failover: [a, b], hedge: 5s}]}]", `recovery[0].steps[0].hedge = "5s" (backstop.yaml:2:47) is no time that can be waited for: write one between 50ms and 2s, such as 300ms`},
		"a target that is Backstop itself":       {"public_url: https://b.example\ntargets: {a: {url: 'https://b.example/x'}}", `targets.a.url = "https://b.example/x" (backstop.yaml:2:20) is Backstop itself, `},
		"a rule without steps":                   {"recovery: [{name: a}]", `recovery[0].steps (backstop.yaml:1:13) is empty: name what to try, `},
		"a step that is none":                    {"recovery: [{steps: [{}]}]", `recovery[0].steps[0] (backstop.yaml:1:21) is no step: write {failover: standby}, {redirect: standby}, {last_good: true}, {retry: {}}, {dial: {to: [+15551230001]}}, {enqueue: {queue: support}}, {callback: true}, {voicemail: {}}, {message: apology}, {reject: busy} or {ignore: true}`},
		"two steps in one":                       {"targets: {b: {url: 'https://b.example'}}\nrecovery: [{steps: [{failover: b, message: apology}]}]", `recovery[0].steps[0] (backstop.yaml:2:22) is several steps: `},
		"a step behind one that always serves":   {"targets: {b: {url: 'https://b.example'}}\nrecovery: [{steps: [{message: apology}, {failover: b}]}]", `recovery[0].steps[0] (backstop.yaml:2:22) always serves, `},
		"a message that is not there":            {"recovery: [{steps: [{message: hello}]}]", `recovery[0].steps[0].message = "hello" (backstop.yaml:1:31) is no text: write apology: `},
		"a reason that Twilio does not know":     {"recovery: [{steps: [{reject: engaged}]}]", `recovery[0].steps[0].reject = "engaged" (backstop.yaml:1:30) is no reason that Twilio knows: write busy, `},
		"a message that is rejected":             {"recovery: [{match: {channel: messaging}, steps: [{reject: busy}]}]", `recovery[0].steps[0].reject = "busy" (backstop.yaml:1:59) is for calls, and this rule is for messages: write {message: apology} or {ignore: true}`},
		"a step behind silence":                  {"recovery: [{steps: [{ignore: true}, {message: apology}]}]", `recovery[0].steps[0] (backstop.yaml:1:22) always serves, `},
		"a rule for no channel":                  {"recovery: [{match: {channel: fax}, steps: [{message: apology}]}]", `recovery[0].match.channel = "fax" (backstop.yaml:1:30) is no channel: write voice or messaging`},
		"a rule for no code":                     {"recovery: [{match: {codes: [11299-11200]}, steps: [{message: apology}]}]", `recovery[0].match.codes[0] = "11299-11200" (backstop.yaml:1:29) is no error code: `},
		"a rule for a tag that no line has":      {"recovery: [{match: {tags: [clinic]}, steps: [{message: apology}]}]", `recovery[0].match.tags[0] = "clinic" (backstop.yaml:1:28) is a tag that no line has: `},
		"a rule for no number":                   {"recovery: [{match: {from: ['+49']}, steps: [{message: apology}]}]", `recovery[0].match.from[0] = "+49" (backstop.yaml:1:28) `},
		"a rule for no account":                  {"recovery: [{match: {accounts: [other]}, steps: [{message: apology}]}]", `recovery[0].match.accounts[0] = "other" (backstop.yaml:1:32) is no Account SID: `},
		"a rule for an unknown account":          {account + "recovery: [{match: {accounts: [AC" + strings.Repeat("f", 32) + "]}, steps: [{message: apology}]}]", `recovery[0].match.accounts[0] = "AC` + strings.Repeat("f", 32) + `" (backstop.yaml:2:32) is none of accounts, so that its requests are not verified and no rule is asked: add it to accounts with its Auth Token, or remove it here`},
		"a host that is an address":              {"recovery: [{match: {hosts: ['https://www.example.com']}, steps: [{message: apology}]}]", `recovery[0].match.hosts[0] = "https://www.example.com" (backstop.yaml:1:29) is an address and no host: write www.example.com`},
		"a rule for no direction":                {"recovery: [{match: {directions: [in]}, steps: [{message: apology}]}]", `recovery[0].match.directions[0] = "in" (backstop.yaml:1:34) is not what Twilio writes there: `},
		"hours in no zone":                       {"hours: {clinic: {zone: Berlin, open: ['daily 08:00-18:00']}}", `hours.clinic.zone = "Berlin" (backstop.yaml:1:24) is no time zone: write a name of the IANA database`},
		"hours that are not said":                {"hours: {clinic: {zone: Europe/Berlin}}", `hours.clinic.open (backstop.yaml:1:18) is missing: write when it is open, such as mon-fri 08:00-18:00`},
		"hours of nothing at all":                {"hours: {clinic: }", `hours.clinic.open (backstop.yaml:1:1) is missing: `},
		"hours that are none":                    {"hours: {clinic: {open: ['mon-fri 08:00-18:00', 'sat']}}", `hours.clinic.open[1] = "sat" (backstop.yaml:1:48) says no time: `},
		"a holiday that is none":                 {"hours: {clinic: {open: ['daily 08:00-18:00'], holidays: [12-24, 24.12.]}}", `hours.clinic.holidays[1] = "24.12." (backstop.yaml:1:65) is no date: write 2026-12-24, `},
		"an unknown key of hours":                {"hours: {clinic: {open: ['daily 08:00-18:00'], opens: x}}", `hours.clinic.opens (backstop.yaml:1:47) is an unknown key: did you mean "open"?`},
		"a list of nobody":                       {"on_call: {ops: {rotate: daily}}", `on_call.ops.people (backstop.yaml:1:17) is missing: `},
		"a list without turns":                   {"on_call: {ops: {handover: '09:00', people: [{name: Anna, to: 'client:anna'}]}}", `on_call.ops.rotate (backstop.yaml:1:17) is missing, without which from and handover mean nothing: `},
		"turns of a month":                       {"on_call: {ops: {rotate: monthly, people: [{name: Anna, to: 'client:anna'}]}}", `on_call.ops.rotate = "monthly" (backstop.yaml:1:25) is no way to take turns: write daily or weekly, `},
		"turns from no day":                      {"on_call: {ops: {rotate: daily, from: monday, people: [{name: Anna, to: 'client:anna'}]}}", `on_call.ops.from = "monday" (backstop.yaml:1:38) is no date: `},
		"a handover at no time":                  {"on_call: {ops: {rotate: daily, handover: 9 am, people: [{name: Anna, to: 'client:anna'}]}}", `on_call.ops.handover = "9 am" (backstop.yaml:1:42) is no time of day: `},
		"somebody without a name":                {"on_call: {ops: {people: [{to: 'client:anna'}]}}", `on_call.ops.people[0].name (backstop.yaml:1:27) is missing: `},
		"somebody without an address":            {"on_call: {ops: {people: [{name: Anna}]}}", `on_call.ops.people[0].to (backstop.yaml:1:27) is missing: write a number such as +4930123456, `},
		"somebody whom nobody can call":          {"on_call: {ops: {people: [{name: Anna, to: 030 123456}]}}", `on_call.ops.people[0].to = "030 123456" (backstop.yaml:1:43) is no address that Twilio calls: `},
		"somebody with unknown hours":            {"on_call: {ops: {people: [{name: Anna, to: 'client:anna', hours: nights}]}}", `on_call.ops.people[0].hours = "nights" (backstop.yaml:1:65) is no name of hours: add it under hours, of which there are none`},
		"a rule for unknown hours":               {"hours: {clinic: {open: ['daily 08:00-18:00']}}\nrecovery: [{match: {open: praxis}, steps: [{message: apology}]}]", `recovery[0].match.open = "praxis" (backstop.yaml:2:27) is no name of hours: add it under hours, or use one that is there (clinic)`},
		"a rule for no hours":                    {"recovery: [{match: {closed: praxis}, steps: [{message: apology}]}]", `recovery[0].match.closed = "praxis" (backstop.yaml:1:29) is no name of hours: add it under hours`},
		"a rule for opposite hours":              {"hours: {clinic: {open: ['daily 08:00-18:00']}}\nrecovery: [{match: {open: clinic, closed: clinic}, steps: [{message: apology}]}]", `recovery[0].match.closed = "clinic" (backstop.yaml:2:43) never holds, for open names the same hours: `},
		"a rule that an earlier one hides":       {"recovery: [{name: calls, match: {channel: voice}, steps: [{message: apology}]}, {match: {channel: voice, codes: 11200}, steps: [{ignore: true}]}]", `recovery[1].match (backstop.yaml:1:90) is never reached: whatever it matches is taken by rule 1, calls: put it before that one, or remove it`},
		"a rule for the direction of messages":   {"recovery: [{match: {channel: messaging, directions: [inbound]}, steps: [{ignore: true}]}]", `recovery[0].match.directions[0] = "inbound" (backstop.yaml:1:54) is asked of calls, and this rule is for messages: leave directions out`},
		"pages that are on no web server":        {"admin_url: ftp://a.example", `admin_url = "ftp://a.example" (backstop.yaml:1:12) is neither https:// nor http://: `},
		"pages without scheme":                   {"admin_url: www.example.com", `admin_url = "www.example.com" (backstop.yaml:1:12) is no URL: `},
		"pages with a user":                      {"admin_url: https://me@a.example", `admin_url = ••• (backstop.yaml:1:12) holds a user name: leave it out; `},
		"pages on a strange port":                {"admin_url: https://a.example:99999", `admin_url = "https://a.example:99999" (backstop.yaml:1:12) has an impossible port: `},
		"a line without match":                   {"lines: [{name: a}]", `lines[0].match (backstop.yaml:1:10) is empty: `},
		"a line with * in its middle":            {`lines: [{match: "+49*30"}]`, `lines[0].match = "+49*30" (backstop.yaml:1:17) has a * that is not at its end: `},
		"a line with spaces":                     {`lines: [{match: "sip:a b"}]`, `lines[0].match = "sip:a b" (backstop.yaml:1:17) has a space in it: `},
		"a line that is no address":              {`lines: [{match: foo}]`, `lines[0].match = "foo" (backstop.yaml:1:17) is no address: write a number such as +4930123456, `},
		"a line by its number's SID":             {`lines: [{match: PN0123456789abcdef0123456789abcdef}]`, `lines[0].match = "PN0123456789abcdef0123456789abcdef" (backstop.yaml:1:17) is the SID of a phone number, which no request carries: write the number itself`},
		"the same line twice":                    {"lines: [{match: '+49*'}, {match: '+49*'}]", `lines[1].match = "+49*" (backstop.yaml:1:34) is there twice: say all about`},
		"a tag of signs":                         {"lines: [{match: '+49*', tags: ['<b>']}]", `lines[0].tags[0] = "<b>" (backstop.yaml:1:`},
		"a recording without a folder":           {"lines: [{match: '+49*', play: a.mp3}]", `lines[0].play = "a.mp3" (backstop.yaml:1:31) needs a folder: `},
		"a recording that is not there":          {"media: .\nlines: [{match: '+49*', play: a.mp3}]", `lines[0].play = "a.mp3" (backstop.yaml:2:31) is no file in the media folder that Twilio can play: `},
		"a recording outside the folder":         {"media: .\nlines: [{match: '+49*', play: ../a.mp3}]", `lines[0].play = "../a.mp3" (backstop.yaml:2:31) is no file in the media folder that Twilio can play: `},
		"a templates folder that is gone":        {"templates: gone", `templates = "gone" (backstop.yaml:1:12) cannot be opened: no such file or directory: create the folder, or leave the key out`},
		"a templates folder that is a file":      {"templates: backstop.yaml", `templates = "backstop.yaml" (backstop.yaml:1:12) is no folder: `},
		"a data folder that is a file":           {"data_dir: backstop.yaml", `data_dir = "backstop.yaml" (backstop.yaml:1:11) is a file: `},
		"a notifier without a name":              {"notifiers: [{slack: {webhook_url: 'https://hooks.slack.com/services/a'}}]", `notifiers[0].name (backstop.yaml:1:14) is missing: `},
		"a notifier with a strange name":         {"notifiers: [{name: a b, slack: {webhook_url: 'https://hooks.slack.com/services/a'}}]", `notifiers[0].name = "a b" (backstop.yaml:1:20) is no name for a notifier: `},
		"two notifiers of one name":              {"notifiers:\n- {name: a, slack: {webhook_url: 'https://hooks.slack.com/services/a'}}\n- {name: a, slack: {webhook_url: 'https://hooks.slack.com/services/b'}}", `notifiers[1].name = "a" (backstop.yaml:3:10) is the same as notifiers[0].name (backstop.yaml:2:10): `},
		"a notifier that goes nowhere":           {"notifiers: [{name: a}]", `notifiers[0] (backstop.yaml:1:14) says nowhere to send to: `},
		"a notifier that goes two ways":          {"notifiers: [{name: a, slack: {}, email: {}}]", `notifiers[0] (backstop.yaml:1:14) is e-mail and Slack at once: `},
		"e-mail without a server":                {"notifiers: [{name: a, email: {from: a@example.com, to: b@example.com}}]", `notifiers[0].email.smtp (backstop.yaml:1:31) is missing: `},
		"e-mail without From":                    {"notifiers: [{name: a, email: {smtp: 'smtp://a.example', to: b@example.com}}]", `notifiers[0].email.from (backstop.yaml:1:31) is missing: `},
		"e-mail without To":                      {"notifiers: [{name: a, email: {smtp: 'smtp://a.example', from: b@example.com}}]", `notifiers[0].email.to (backstop.yaml:1:31) is missing: `},
		"e-mail from nobody":                     {"notifiers: [{name: a, email: {smtp: 'smtp://a.example', from: nobody, to: b@example.com}}]", `notifiers[0].email.from = "nobody" (backstop.yaml:1:63) is no e-mail address: `},
		"e-mail to nobody":                       {"notifiers: [{name: a, email: {smtp: 'smtp://a.example', from: b@example.com, to: [c@example.com, nobody]}}]", `notifiers[0].email.to[1] = "nobody" (backstop.yaml:1:`},
		"a mail server of another kind":          {"notifiers: [{name: a, email: {smtp: 'http://a.example', from: a@example.com, to: b@example.com}}]", `notifiers[0].email.smtp = ••• (backstop.yaml:1:37) must begin with smtp:// or smtps://: `},
		"Slack with neither way":                 {"notifiers: [{name: a, slack: {channel: '#ops'}}]", `notifiers[0].slack.bot_token (backstop.yaml:1:31) is missing: `},
		"Slack without a channel":                {"notifiers: [{name: a, slack: {bot_token: xoxb-1}}]", `notifiers[0].slack.channel (backstop.yaml:1:31) is missing: `},
		"Slack with both ways":                   {"notifiers: [{name: a, slack: {bot_token: xoxb-1, channel: '#ops', webhook_url: 'https://hooks.slack.com/services/a'}}]", `notifiers[0].slack.webhook_url = ••• (backstop.yaml:1:`},
		"a webhook with a channel":               {"notifiers: [{name: a, slack: {channel: '#ops', webhook_url: 'https://hooks.slack.com/services/a'}}]", `notifiers[0].slack.channel = "#ops" (backstop.yaml:1:40) stands beside a webhook`},
		"a webhook in the clear":                 {"notifiers: [{name: a, slack: {webhook_url: 'http://hooks.slack.com/services/a'}}]", `notifiers[0].slack.webhook_url = ••• (backstop.yaml:1:44) is not https://: `},
		"a user's token":                         {"notifiers: [{name: a, slack: {bot_token: xoxp-1, channel: '#ops'}}]", `notifiers[0].slack.bot_token = ••• (backstop.yaml:1:42) is no bot token: `},
		"a channel without #":                    {"notifiers: [{name: a, slack: {bot_token: xoxb-1, channel: ops}}]", `notifiers[0].slack.channel = "ops" (backstop.yaml:1:59) is no channel: `},
		"a Slack API in the clear":               {"notifiers: [{name: a, slack: {bot_token: xoxb-1, channel: '#a', api_url: 'http://slack.example/api/'}}]", `notifiers[0].slack.api_url = "http://slack.example/api/" (backstop.yaml:1:`},
		"days that are none":                     {"retention: {days: many}", `retention.days = "many" (backstop.yaml:1:19) is no number of days: `},
		"no days":                                {"retention: {days: 0}", `retention.days = "0" (backstop.yaml:1:19) is no number of days: `},
		"personal data kept longer":              {"retention: {days: 30, personal_days: 31}", `retention.personal_days = "31" (backstop.yaml:1:38) is longer than the 30 days that failures are kept: `},
		"a size without unit":                    {"retention: {max_size: 10}", `retention.max_size = "10" (backstop.yaml:1:23) is no size: `},
		"a tiny size":                            {"retention: {max_size: 1MB}", `retention.max_size = "1MB" (backstop.yaml:1:23) is too small to be of use: `},
		"a boundless size":                       {"retention: {max_size: 9999999999TB}", `retention.max_size = "9999999999TB" (backstop.yaml:1:23) is larger than any disk: `},
		"a boolean that is none":                 {"privacy: {keep_body: yes}", `privacy.keep_body = "yes" (backstop.yaml:1:22) is neither true nor false: `},
		"a parameter that is none":               {"privacy: {drop: [a-b]}", `privacy.drop[0] = "a-b" (backstop.yaml:1:18) is no name of a parameter: `},
		"a parameter that cannot be spared":      {"privacy: {drop: [From]}", `privacy.drop[0] = "From" (backstop.yaml:1:18) cannot be dropped: `},
		"a port alone":                           {"listen: 8080", `listen = "8080" (backstop.yaml:1:9) is no address to listen on: write host:port`},
		"a port that is none":                    {"listen: :http", `listen = ":http" (backstop.yaml:1:9) has a port that is not between 0 and 65535: `},
		"two listeners on one address":           {"listen: :1\nadmin_listen: :1", `admin_listen = ":1" (backstop.yaml:2:15) is the address that Twilio's requests go to, too: `},
		"pages with a query":                     {"admin_url: https://a.example/?", `admin_url = "https://a.example/?" (backstop.yaml:1:12) has a query (?…) or a fragment (#…): `},
		"a proxy that is none":                   {"trusted_proxies: [proxy]", `trusted_proxies[0] = "proxy" (backstop.yaml:1:19) is no IP address and no network: `},
		"a zone that is none":                    {"time_zone: Europe/Birlin", `time_zone = "Europe/Birlin" (backstop.yaml:1:12) is no time zone: `},
		"the machine's own zone":                 {"time_zone: Local", `time_zone = "Local" (backstop.yaml:1:12) is no time zone: `},
		"another word for unverified":            {"unverified: drop", `unverified = "drop" (backstop.yaml:1:13) is no word for this: write answer or reject`},
		"a level that is none":                   {"log_level: loud", `log_level = "loud" (backstop.yaml:1:12) is no log level: `},
		"Postgres":                               {"database_url: postgres://me:hunter2@db/backstop", `database_url = ••• (backstop.yaml:1:15) asks for Postgres, which Backstop does not speak yet: leave it out: the history is kept in SQLite in DATA_DIR`},
		"another database":                       {"database_url: mysql://db", `database_url = ••• (backstop.yaml:1:15) is a database that Backstop does not know: `},
		"an endless password":                    {"admin_password: " + strings.Repeat("x", 2000), `admin_password = ••• (backstop.yaml:1:17) is longer than 1024 bytes: `},
		"a language nobody speaks in an account": {"accounts: [{auth_tokens: [" + token + "], languages: [de, xx]}]", `accounts[0].languages[0] = "de" (backstop.yaml:1:`},
		"language and languages":                 {"lines: [{match: '+49*', language: de, languages: [fr]}]", `lines[0].language = "de" (backstop.yaml:1:35) stands beside languages: `},
		"a country that is none":                 {"countries: {ch: [de], DE: [de]}", `countries.ch (backstop.yaml:1:18) is no country: write two capital letters, such as CH`},
		"a country that is none and empty":       {"countries: {ch: []}", `countries.ch (backstop.yaml:1:1) is no country: `},
		"a country twice":                        {"countries: {CH: [de], CH: [fr]}", `countries.CH (backstop.yaml:1:23) stands here a second time: `},
		"a recording in a folder that is gone":   {"media: gone\nlines: [{match: '+49*', play: a.mp3}]", `media = "gone" (backstop.yaml:1:8) cannot be opened: `},
		"two accounts without a SID":             {"accounts: [{auth_tokens: [" + token + "]}, {auth_tokens: [" + token + "]}]", `accounts[1].sid (backstop.yaml:1:`},
		"SMTP without a name":                    {"notifiers: [{name: a, email: {smtp: 'smtp://', from: a@example.com, to: b@example.com}}]", `notifiers[0].email.smtp = ••• (backstop.yaml:1:37) names no host: `},
		"a language nobody speaks":               {account + "lines: [{match: '+49*', language: xx}]", `lines[0].language = "xx" (backstop.yaml:2:35) is no language`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := mistakes(t, test.yaml, nil)
			if !has(got, test.want) || len(got) != 1 {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), test.want)
			}
		})
	}
}

func mailer(smtp string) string {
	return "notifiers: [{name: mail, email: {smtp: \"" + smtp + "\", from: a@a.example, to: b@b.example}}]"
}

func TestOddThingsAreWarnedOf(t *testing.T) {
	tests := map[string]struct{ yaml, want string }{
		"plain http":        {"public_url: http://a.example", `public_url = "http://a.example" is not https: what Twilio sends, callers' numbers among it, crosses the Internet in the clear`},
		"loopback":          {"public_url: https://127.0.0.1:8080", `public_url = "https://127.0.0.1:8080" is an address of this machine or its network: Twilio cannot reach it`},
		"loopback by name":  {"public_url: http://localhost:8080", `public_url = "http://localhost:8080" is an address of this machine or its network: Twilio cannot reach it`},
		"a private network": {"public_url: 'http://[fd00::1]'", `public_url = "http://[fd00::1]" is an address of this machine or its network: Twilio cannot reach it`},
		"an odd token":      {"accounts: [{auth_tokens: [abc]}]", `accounts[0].auth_tokens[0] = ••• does not look like an Auth Token, which is 32 of 0-9 a-f`},
		"pages over http":   {"admin_url: http://backstop.example.com", `admin_url = "http://backstop.example.com" is not https: nobody can log in over it`},
		"everybody trusted": {"trusted_proxies: 0.0.0.0/0", `trusted_proxies = "0.0.0.0/0" trusts everybody: whoever connects can pretend to be anyone`},
		"TLS for port 465":  {mailer("smtp://a.example:465"), `notifiers[0].email.smtp = ••• names port 465, which wants smtps://`},
		"no TLS for 587":    {mailer("smtps://a.example:587"), `notifiers[0].email.smtp = ••• names port 587, which wants smtp://`},
		"a short password":  {"admin_password: admin", `admin_password = ••• is short: 12 characters and more are hard to guess`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := mustLoad(t, test.yaml, nil)
			if !has(c.Warnings, test.want) {
				t.Errorf("got  %s\nwant %s", strings.Join(c.Warnings, "\n     "), test.want)
			}
		})
	}
}

func TestWhatIsRightIsTaken(t *testing.T) {
	c := mustLoad(t, `
retention: {days: 30, max_size: 1.5 GiB}
privacy: {mask_numbers: false, keep_body: false, drop: [CallerName, CallToken]}
trusted_proxies: [10.1.2.3/8, "::1"]
database_url: sqlite:///var/lib/x.db
caller_country: true
`, nil)
	got := map[string]any{
		"days": c.Retention.Days, "personal": c.Retention.PersonalDays, "bytes": c.Retention.MaxBytes,
		"mask": c.Privacy.MaskNumbers, "drop": c.Privacy.Drop, "ledger": c.Ledger, "country": c.Recovery.ByCaller,
		"proxies": []string{c.TrustedProxies[0].String(), c.TrustedProxies[1].String()},
	}
	want := map[string]any{
		"days": 30, "personal": 30, "bytes": int64(3 << 29),
		"mask": false, "drop": []string{"CallerName", "CallToken", "Body"}, "ledger": "/var/lib/x.db", "country": true,
		"proxies": []string{"10.0.0.0/8", "::1/128"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
