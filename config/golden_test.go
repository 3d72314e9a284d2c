package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/config"
)

// TestEverythingThatIsWrongIsListedAtOnce loads a thoroughly broken
// configuration; its list of mistakes is what people read.
func TestEverythingThatIsWrongIsListedAtOnce(t *testing.T) {
	golden, err := filepath.Abs("testdata/broken.golden")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("testdata")
	_, err = config.Load(getenv(map[string]string{
		"PUBLIC_URL":          "fallback.example.com",
		"TWILIO_ACCOUNT_SID":  "AC123",
		"ALERT_EMAIL_TO":      "nobody",
		"SLACK_CHANNEL":       "ops",
		"LISTEN":              "8080",
		"TIME_ZONE":           "Berlin",
		"UNVERIFIED":          "maybe",
		"DATABASE_URL":        "postgres://me:hunter2@db/backstop",
		"ADMIN_PASSWORD":      "hunter2",
		"ADMIN_PASSWORD_FILE": "/run/secrets/admin",
		"TRUSTED_PROXIES":     "10.0.0.0/8, proxy",
		"BACKSTOP_UNHEARD_OF": "is no mistake",
		"TWILIO_AUTH_TOKEN":   "",
		"OTHER_SECRET":        "hunter2-in-a-wrong-place",
	}), "broken.yaml")
	if err == nil {
		t.Fatal("a broken configuration was taken")
	}
	got := err.Error() + "\n"
	if *update {
		write(t, golden, got)
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
