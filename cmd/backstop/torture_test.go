package main

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// torture says whether the long forms of the tests are asked for: make torture.
func torture() bool { return os.Getenv("BACKSTOP_TORTURE") != "" }

// long is how often something is done: so often in the quick form, so often in
// the long one.
func long(t *testing.T, quick, often int) int {
	t.Helper()
	if torture() {
		return often
	}
	return quick
}

// count says what a test came to, which make test and make torture print when all
// have ended.
func count(t *testing.T, format string, args ...any) {
	t.Helper()
	said := fmt.Sprintf(format, args...)
	t.Log(said)
	path := os.Getenv("BACKSTOP_COUNTS")
	if path == "" {
		return
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(file, "%s: %s\n", t.Name(), said); err != nil {
		t.Error(err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
}

// needs skips a test where the machine lacks a command; where every test has to
// run it fails.
func needs(t *testing.T, commands ...string) {
	t.Helper()
	for _, name := range commands {
		_, err := exec.LookPath(name)
		switch {
		case err == nil:
		case os.Getenv("CI") != "":
			t.Fatalf("%v: scripts/test-tools.sh installs it", err)
		default:
			notHere(t, "%v: scripts/test-tools.sh installs it", err)
		}
	}
}

// notHere skips a test for what a machine lacks that nobody can install: rights,
// control groups, a file system.
func notHere(t *testing.T, why string, args ...any) {
	t.Helper()
	count(t, "NOT TESTED HERE: "+why, args...)
	t.SkipNow()
}
