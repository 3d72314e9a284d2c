package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestTheLimitOfMemoryIsFoundInWhateverControlGroups(t *testing.T) {
	t.Parallel()
	for claim, c := range map[string]struct {
		groups string
		files  map[string]string
		want   int64
	}{
		"none":                              {"0::/\n", nil, 0},
		"no control groups":                 {"", nil, 0},
		"version 2, of a service":           {"0::/system.slice/backstop.service\n", map[string]string{"system.slice/backstop.service/memory.max": "134217728\n"}, 128 << 20},
		"version 2, of a group above":       {"0::/a/b\n", map[string]string{"a/b/memory.max": "max\n", "a/memory.max": "67108864\n"}, 64 << 20},
		"version 2, in a container":         {"0::/\n", map[string]string{"memory.max": "134217728\n"}, 128 << 20},
		"version 1":                         {"4:memory:/x\n3:cpu:/\n0::/\n", map[string]string{"memory/x/memory.limit_in_bytes": "134217728\n"}, 128 << 20},
		"version 1, without a limit":        {"4:memory:/x\n", map[string]string{"memory/x/memory.limit_in_bytes": "9223372036854771712\n"}, 0},
		"version 1, with the host's names":  {"4:memory:/docker/0123\n", map[string]string{"memory/memory.limit_in_bytes": "134217728\n"}, 128 << 20},
		"what is there is no number":        {"0::/\n", map[string]string{"memory.max": "lots\n"}, 0},
		"names that lead out of the mount":  {"0::/../../etc\n", map[string]string{"memory.max": "134217728\n"}, 128 << 20},
		"a line that nobody can make sense": {"memory\n::\n", nil, 0},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			for name, content := range c.files {
				put(t, filepath.Join(root, "sys/fs/cgroup", name), content)
			}
			if c.groups != "" {
				put(t, filepath.Join(root, "proc/self/cgroup"), c.groups)
			}
			if got := memoryLimit(root); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, path, content)
}

// confinement is a control group with a limit of memory.
type confinement struct {
	t       *testing.T
	folder  string
	counter string // a file that says how often the limit was reached
}

func confined(t *testing.T, bytes int64) confinement {
	t.Helper()
	c := confinement{t, "/sys/fs/cgroup/memory", "memory.failcnt"}
	limit := "memory.limit_in_bytes"
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		c.folder, c.counter, limit = "/sys/fs/cgroup", "memory.events", "memory.max"
	}
	c.folder = filepath.Join(c.folder, fmt.Sprintf("backstop-tests-%d-%d", os.Getpid(), time.Now().UnixNano()))
	if err := errors.Join(os.Mkdir(c.folder, 0o755), os.WriteFile(filepath.Join(c.folder, limit), fmt.Appendf(nil, "%d", bytes), 0o600)); err != nil {
		notHere(t, "no control group of our own: %v", err)
	}
	t.Cleanup(func() {
		eventually(t, soon, "the control group is empty", func() bool { return os.Remove(c.folder) == nil })
	})
	return c
}

// run has a program run in it, after somebody else has filled it with pages of a
// file of that size: whatever the program takes, something else has to go for.
func (c confinement) run(bytes int64) func(*program, *exec.Cmd) {
	c.t.Helper()
	large := filepath.Join(c.t.TempDir(), "large")
	if err := errors.Join(os.WriteFile(large, nil, 0o600), os.Truncate(large, bytes)); err != nil {
		c.t.Fatal(err)
	}
	return func(_ *program, command *exec.Cmd) {
		command.Args = []string{"sh", "-c", `echo $$ > "$1" && cat "$2" > /dev/null && exec "$0"`, command.Path, filepath.Join(c.folder, "cgroup.procs"), large}
		command.Path = "/bin/sh"
	}
}

// reached is how often somebody in it wanted more than the limit.
func (c confinement) reached() (times int) {
	c.t.Helper()
	count := read(c.t, filepath.Join(c.folder, c.counter))
	if _, behind, found := strings.Cut(count, "\nmax "); found { // version 2 counts other things, too
		count, _, _ = strings.Cut(behind, "\n")
	}
	times, err := strconv.Atoi(strings.TrimSpace(count))
	if err != nil {
		c.t.Fatal(err)
	}
	return times
}

// The race detector takes several times the memory: there is room for it. In the
// long form Go collects nothing before it has to.
func TestAtItsLimitOfMemoryItGoesOn(t *testing.T) {
	t.Parallel()
	most := int64(long(t, 384, 128)) << 20
	group := confined(t, most)
	env := configured(t)
	if torture() {
		env["GOGC"] = "off"
	}
	p := spawnAs(t, env, group.run(most))
	before := group.reached()
	l := p.callers(32)
	for range long(t, 1, 20) {
		l.reached(t, l.placed.Load()+3000)
	}
	l.stop(t)
	if len(l.silent) > 0 {
		t.Errorf("%d of %d calls got no answer", len(l.silent), len(l.asked))
	}
	reached := group.reached() - before
	if reached == 0 {
		t.Error("the limit was not reached while people called")
	}
	p.settle()
	if strings.Contains(p.logged.String(), "panic") {
		t.Error("it panicked")
	}
	if code := p.end(); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	count(t, "%d calls, %d without an answer; the limit was reached %d times meanwhile", len(l.asked), len(l.silent), reached)
}
