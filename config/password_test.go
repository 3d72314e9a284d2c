package config_test

import (
	"strings"
	"testing"

	"github.com/backstop-project/backstop/handlers/pages"
)

func TestAPasswordThatIsTakenLogsIn(t *testing.T) {
	for claim, password := range map[string]string{
		"short":              "x",
		"of 1,000 bytes":     strings.Repeat("x", 1000),
		"as long as allowed": strings.Repeat("x", 1024),
		"with umlauts":       "Grüße aus Köln",
	} {
		t.Run(claim, func(t *testing.T) {
			c := mustLoad(t, "", map[string]string{"ADMIN_PASSWORD": password})
			hash, err := pages.HashPassword(string(c.AdminPassword))
			if err != nil {
				t.Fatal(err)
			}
			if !pages.VerifyPassword(hash, password) {
				t.Error("the password does not log in")
			}
		})
	}
}

func TestAPasswordThatNobodyCanTypeIsRefused(t *testing.T) {
	for claim, c := range map[string]struct{ password, want string }{
		"too long":             {strings.Repeat("x", 1025), "ADMIN_PASSWORD = ••• (environment) is longer than 1024 bytes: choose a shorter password"},
		"with a line break":    {"correct horse\nbattery staple", "ADMIN_PASSWORD = ••• (environment) has a line break or another control character in it: "},
		"with a tab in a word": {"correct\thorse battery staple", "ADMIN_PASSWORD = ••• (environment) has a line break or another control character in it: "},
	} {
		t.Run(claim, func(t *testing.T) {
			if got := mistakes(t, "", map[string]string{"ADMIN_PASSWORD": c.password}); !has(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
