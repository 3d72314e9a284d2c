package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/twilio/sim"
)

// spawnObedient starts a Backstop that may do no more than the modes of files let
// their owner do, as the user of a service, whoever runs this test.
func spawnObedient(t *testing.T, env settings) *program {
	t.Helper()
	shell := obediently(t)
	return spawnAs(t, env, func(_ *program, c *exec.Cmd) {
		c.Path, c.Args = "/bin/sh", []string{"sh", "-c", shell + ` exec "$0"`, c.Path}
	})
}

// obediently has a shell go on as such a user.
func obediently(t *testing.T) (shell string) {
	t.Helper()
	if os.Getuid() != 0 {
		return ""
	}
	needs(t, "setpriv")
	return `exec setpriv --bounding-set=-dac_override,-dac_read_search "$0" "$@";`
}

// restrict takes away the right to write to a folder and all in it, or gives it back.
func restrict(t *testing.T, folder string, writable fs.FileMode) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		mode := 0o400 | writable
		if d.IsDir() {
			mode |= 0o100
		}
		return os.Chmod(path, mode)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAFolderThatBecomesReadOnlyIsToldAndHealsWithoutARestart(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	env := configured(t).with(mails.settings())
	p := spawnObedient(t, env)
	sids := []string{p.awaitWritten().SID}
	p.settle()

	restrict(t, p.dir, 0)
	t.Cleanup(func() { restrict(t, p.dir, 0o200) }) // so that it can be removed
	// What is open stays so.
	for range 5 {
		sids = append(sids, p.awaitWritten().SID)
	}
	p.settle()
	p.end()

	p = spawnObedient(t, env)
	result := p.call(sim.Call{})
	sids = append(sids, result.SID)
	if !strings.HasSuffix(result.First().Failure(), "; written=no") {
		t.Fatalf("it is written to a folder that is read-only: %s", result.First().Failure())
	}
	mails.await(t, 2*soon, "Failures cannot be written down")
	if health := p.visitor().get("/healthz"); health.status != 200 || !strings.Contains(health.source, "journal") {
		t.Errorf("health says %d %s", health.status, health.source)
	}
	for range 5 {
		sids = append(sids, p.call(sim.Call{}).SID)
	}

	restrict(t, p.dir, 0o200)
	sids = append(sids, p.awaitWritten().SID)
	eventually(t, 4*soon, "nothing is degraded", func() bool {
		return strings.Contains(p.visitor().get("/healthz").source, `"degraded":[]`)
	})
	p.settle()
	p.end()
	judgeStored(t, p.dir, sids)
	judgeIntact(t, p.path(journalFile), p.path(ledgerFile))
}
