package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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

// confined runs a program in a control group with so much memory.
func confined(t *testing.T, bytes int64) func(*program, *exec.Cmd) {
	t.Helper()
	group := filepath.Join("/sys/fs/cgroup/memory", fmt.Sprintf("backstop-tests-%d-%d", os.Getpid(), time.Now().UnixNano()))
	file := "memory.limit_in_bytes"
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		group, file = filepath.Join("/sys/fs/cgroup", filepath.Base(group)), "memory.max"
	}
	if err := errors.Join(os.Mkdir(group, 0o755), os.WriteFile(filepath.Join(group, file), fmt.Appendf(nil, "%d", bytes), 0o600)); err != nil {
		notHere(t, "no control group of our own: %v", err)
	}
	t.Cleanup(func() {
		eventually(t, soon, "the control group is empty", func() bool { return os.Remove(group) == nil })
	})
	return func(_ *program, c *exec.Cmd) {
		c.Args = []string{"sh", "-c", `echo $$ > "$1" && exec "$0"`, c.Path, filepath.Join(group, "cgroup.procs")}
		c.Path = "/bin/sh"
	}
}

// The race detector takes several times the memory: there is room for it.
func TestAtItsLimitOfMemoryItGoesOn(t *testing.T) {
	t.Parallel()
	limit := confined(t, int64(long(t, 640, 128))<<20)
	env := configured(t)
	p := spawnAs(t, env, limit)
	l := p.callers(32)
	for range long(t, 1, 20) {
		l.reached(t, l.placed.Load()+3000)
	}
	l.stop(t)
	if len(l.silent) > 0 {
		t.Errorf("%d of %d calls got no answer", len(l.silent), len(l.asked))
	}
	p.settle()
	if strings.Contains(p.logged.String(), "panic") {
		t.Error("it panicked")
	}
	if code := p.end(); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	count(t, "%d calls, %d without an answer", len(l.asked), len(l.silent))
}
