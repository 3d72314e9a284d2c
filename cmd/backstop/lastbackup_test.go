package main

import (
	"strings"
	"testing"
	"time"
)

func TestMetricsAndDoctorKnowWhenTheLastBackupWasMade(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := spawn(t, env)
	p.settle()
	const metric = "\nbackstop_backup_timestamp_seconds "
	if strings.Contains(p.metrics(), metric) {
		t.Error("a backup is known before there is one")
	}
	before := time.Now().Add(-time.Second)
	backup(t, env)
	eventually(t, 3*soon, "metrics say when it was made", func() bool { return strings.Contains(p.metrics(), metric) })
	at, err := lastBackup(p.dir)
	if err != nil || at.Before(before.Truncate(time.Second)) || at.After(time.Now()) {
		t.Errorf("it was made at %s, %v", at, err)
	}
	if _, said := doctored(t, env); !strings.Contains(said, "ok       backups: the last one was made at "+at.Format(time.RFC3339)) {
		t.Errorf("the doctor says:\n%s", said)
	}
}
