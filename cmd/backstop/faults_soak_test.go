package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// strain is what a process holds at one moment.
type strain struct {
	anonymous   int64 // bytes of memory that are its own
	goroutines  int
	descriptors int
}

func (p *program) strain() (s strain) {
	p.t.Helper()
	s.anonymous = p.anonymous()
	_, goroutines, _ := strings.Cut(p.metrics(), "\ngo_goroutines ")
	goroutines, _, _ = strings.Cut(goroutines, "\n")
	var err error
	if s.goroutines, err = strconv.Atoi(goroutines); err != nil {
		p.t.Fatal(err)
	}
	open, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(p.process.Pid), "fd"))
	if err != nil {
		p.t.Fatal(err)
	}
	s.descriptors = len(open)
	return s
}

func (p *program) anonymous() (bytes int64) {
	p.t.Helper()
	status := read(p.t, fmt.Sprintf("/proc/%d/status", p.process.Pid))
	_, kilobytes, _ := strings.Cut(status, "RssAnon:")
	kilobytes, _, _ = strings.Cut(kilobytes, "kB")
	n, err := strconv.ParseInt(strings.TrimSpace(kilobytes), 10, 64)
	if err != nil {
		p.t.Fatal(err)
	}
	return n << 10
}

// ticksOf is how many clock ticks of the processor p takes while something is done:
// one at least, for there are few of them.
func (p *program) ticksOf(do func()) int {
	p.t.Helper()
	before := p.ticks()
	do()
	return max(1, p.ticks()-before)
}

func (p *program) ticks() (all int) {
	p.t.Helper()
	_, stat, _ := strings.Cut(read(p.t, fmt.Sprintf("/proc/%d/stat", p.process.Pid)), ") ")
	for _, field := range strings.Fields(stat)[11:13] { // utime and stime
		n, err := strconv.Atoi(field)
		if err != nil {
			p.t.Fatal(err)
		}
		all += n
	}
	return all
}

// bytes is what is in its data folder, once it has ended.
func (p *program) bytes() (all int64) {
	p.t.Helper()
	files, err := os.ReadDir(p.dir)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, one := range files {
		all += size(p.t, p.path(one.Name()))
	}
	return all
}

// typical is the median of each.
func typical(some []strain) strain {
	by := func(of func(strain) int64) int64 {
		sorted := slices.SortedFunc(slices.Values(some), func(a, b strain) int { return cmp.Compare(of(a), of(b)) })
		return of(sorted[len(sorted)/2])
	}
	return strain{
		anonymous:   by(func(s strain) int64 { return s.anonymous }),
		goroutines:  int(by(func(s strain) int64 { return int64(s.goroutines) })),
		descriptors: int(by(func(s strain) int64 { return int64(s.descriptors) })),
	}
}

// What a process holds when it has run for a while, it holds when it has run for
// long: the second third is compared with the last. In the quick form memory is
// still being taken, so that it is not judged.
func TestASoakLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	p := spawn(t, configured(t).with(mails.settings()))
	p.awaitWritten()
	p.settle() // the ledger is open
	who := p.person()
	l := p.callersEvery(40*time.Millisecond, 4)
	var seen []strain
	const samples = 30
	for n := range samples {
		time.Sleep(time.Duration(long(t, 100, 60_000)) * time.Millisecond)
		for _, path := range []string{"/", "/history", "/incidents", "/callers", "/history?number=%2B14150000000"} {
			if at := who.get(path); at.status != 200 {
				t.Errorf("%s is answered %d", path, at.status)
			}
		}
		if n%10 == 0 {
			p.person().http.CloseIdleConnections() // somebody else logs in
		}
		seen = append(seen, p.strain())
	}
	l.stop(t)
	before, after := typical(seen[samples/3:2*samples/3]), typical(seen[2*samples/3:])
	if after.goroutines > before.goroutines+10 || after.descriptors > before.descriptors+5 {
		t.Errorf("it holds more and more: first %+v, then %+v", before, after)
	}
	if torture() && after.anonymous > before.anonymous+before.anonymous/10 {
		t.Errorf("it takes more and more memory: first %+v, then %+v", before, after)
	}
	count(t, "%d calls; first %d MB, %d goroutines, %d descriptors, at the end %d MB, %d, %d", l.placed.Load(),
		before.anonymous>>20, before.goroutines, before.descriptors, after.anonymous>>20, after.goroutines, after.descriptors)
}
