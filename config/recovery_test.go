package config_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/recovery/standby"
)

func TestAPrimaryIsWrittenAloneOrWithItsProbe(t *testing.T) {
	for name, yaml := range map[string]string{
		"alone":           "primaries: https://a.example",
		"in a list":       "primaries: [https://a.example]",
		"as a mapping":    "primaries: [{url: https://a.example}]",
		"by the variable": "primaries: ['${PRIMARY}']",
	} {
		t.Run(name, func(t *testing.T) {
			got := mustLoad(t, yaml, map[string]string{"PRIMARY": "https://a.example"}).Recovery
			if !slices.Equal(got.Primaries, []string{"https://a.example"}) || len(got.PrimaryProbes) != 0 {
				t.Errorf("got %q, %v", got.Primaries, got.PrimaryProbes)
			}
		})
	}
	got := mustLoad(t, `
primaries: [https://a.example, {url: https://b.example, probe: /healthz, probe_every: 1m, allow_private: true}]
targets: {c: {url: "https://c.example{path}", probe: /up}}
recovery: [{match: {health: [c down, "https://b.example up"]}, steps: [{message: apology}]}]
`, nil).Recovery
	want := map[string]standby.ProbeOptions{"https://b.example": {URL: "/healthz", Every: time.Minute, AllowPrivate: true}}
	if diff := cmp.Diff(want, got.PrimaryProbes); diff != "" {
		t.Error(diff)
	}
	got = mustLoad(t, `
primaries: [{url: https://a.example, health_url: /deep}, {url: https://b.example, allow_private: true}, https://c.example]
`, nil).Recovery
	want = map[string]standby.ProbeOptions{
		"https://a.example": {HealthURL: "/deep", Every: 15 * time.Second},
		"https://b.example": {AllowPrivate: true, Every: 15 * time.Second},
	}
	if diff := cmp.Diff(want, got.PrimaryProbes); diff != "" {
		t.Error(diff)
	}
}

func TestATargetMayHaveAProbe(t *testing.T) {
	got := mustLoad(t, `targets: {c: {url: "https://c.example{path}", probe: /up}}`, nil).Recovery
	if c := got.Targets["c"]; c.Probe != "/up" || c.ProbeEvery != 15*time.Second {
		t.Errorf("got %+v", c)
	}
}

// Who has a token that is tried for every account has requests of all of them.
func TestARuleMayNameAnyAccountWhereATokenIsTriedForAll(t *testing.T) {
	const rule = "recovery: [{match: {accounts: [ACffffffffffffffffffffffffffffffff]}, steps: [{message: apology}]}]\n"
	for name, c := range map[string]struct {
		accounts string
		refused  bool
	}{
		"no account yet":                 {"", false},
		"one that is named":              {"accounts: [{sid: " + sid + ", auth_tokens: [" + token + "]}]\n", true},
		"one for all":                    {"accounts: [{auth_tokens: [" + token + "]}]\n", false},
		"one that is named, and so on":   {"accounts: [{sid: " + sid + ", auth_tokens: [" + token + "]}, {auth_tokens: [" + token + "]}]\n", false},
		"the one that the rule is about": {"accounts: [{sid: ACffffffffffffffffffffffffffffffff, auth_tokens: [" + token + "]}]\n", false},
	} {
		if _, err := load(t, c.accounts+rule, nil); (err != nil) != c.refused {
			t.Errorf("%s: got %v, want it refused: %t", name, err, c.refused)
		}
	}
}
