package main

import (
	"cmp"
	"slices"
	"time"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/handlers/pages"
	"github.com/backstop-project/backstop/incident"
)

// refuse keeps the old configuration and tells why.
func (a *app) refuse(err error) {
	a.state.reload.Store(new(err.Error()))
	a.log.Error("changed configuration refused, the old one goes on", "err", err)
	a.teller.Tell(incident.Alert{
		Kind: incident.Meta, Topic: incident.ReloadTopic, At: time.Now(),
		Title:  "The changed configuration was refused: the old one goes on",
		Detail: err.Error() + "\nFirst thing to do: mend it, try it with backstop check, and send SIGHUP again.",
		Reason: "a reload failed",
	})
}

// needRestart names the settings whose change a reload does not carry out.
func needRestart(before, after config.Config) []string {
	var keys []string
	for _, s := range []struct {
		key     string
		changed bool
	}{
		{"listen", before.Listen != after.Listen},
		{"admin_listen", before.AdminListen != after.AdminListen},
		{"data_dir", before.DataDir != after.DataDir},
		{"database_url", before.Ledger != after.Ledger},
		{"admin_password", before.AdminPassword != after.AdminPassword},
	} {
		if s.changed {
			keys = append(keys, s.key)
		}
	}
	return keys
}

// sortReasons puts the most frequent first.
func sortReasons(reasons []pages.Reason) {
	slices.SortStableFunc(reasons, func(a, b pages.Reason) int { return cmp.Compare(b.Count, a.Count) })
}
