package main

import (
	"math"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
)

// boundMemory has Go collect its garbage in time where the kernel would end this
// process for want of memory: in a container, a service with MemoryMax. What
// GOMEMLIMIT says counts before.
func boundMemory(getenv func(string) string) {
	if limit := memoryLimit("/"); limit > 0 && getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit - beyondGo(limit))
	}
}

// beyondGo is what others than Go take of a limit: SQLite's caches, the program.
func beyondGo(limit int64) int64 {
	const usual = 40 << 20
	return min(usual, limit/2)
}

// memoryLimit is how much memory the control groups of this process leave it, 0
// for as much as there is. root is where /proc and /sys are.
// https://docs.kernel.org/admin-guide/cgroup-v2.html (memory.max)
func memoryLimit(root string) int64 {
	groups, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup")) //nolint:gosec // the kernel names it
	if err != nil {
		return 0
	}
	limit := int64(math.MaxInt64)
	for line := range strings.Lines(string(groups)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) < 3 {
			continue
		}
		switch {
		case parts[0] == "0" && parts[1] == "":
			limit = min(limit, leastOf(filepath.Join(root, "sys/fs/cgroup"), parts[2], "memory.max"))
		case parts[1] == "memory":
			limit = min(limit, leastOf(filepath.Join(root, "sys/fs/cgroup/memory"), parts[2], "memory.limit_in_bytes"))
		}
	}
	const unlimited = 1 << 60 // version 1 writes a number where there is no limit
	if limit >= unlimited {
		return 0
	}
	return limit
}

// leastOf is the least limit of a group and those above it. Where a container sees
// the names of the host, its own is at the top.
func leastOf(mount, group, file string) int64 {
	limit := int64(math.MaxInt64)
	for at := path.Clean("/" + group); ; at = path.Dir(at) {
		raw, err := os.ReadFile(filepath.Join(mount, at, file)) //nolint:gosec // likewise
		if n, parsed := strconv.ParseInt(strings.TrimSpace(string(raw)), 10, 64); err == nil && parsed == nil && n > 0 {
			limit = min(limit, n)
		}
		if at == "/" {
			return limit
		}
	}
}
