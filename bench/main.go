// Command bench measures Backstop beside a bare gin, beside the floor (the least
// that a durable, verified answer can cost) and beside what most people would
// write. They run in turns in one run, so that their ratios mean something on any
// machine; the disk's fsync time stands beside them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

// plan is what to measure.
type plan struct {
	burst    time.Duration
	rounds   int
	million  int
	millions int
	open     []int
	dir      string
	binary   string
	profile  string
	only     string
	sinks    *sinks
	report   *report

	connections []int
	openRounds  int
	processors  *unix.CPUSet // of the servers; nil for all
}

// servers are those of the names that are to be measured.
func (p plan) servers(names ...string) []string {
	if p.only == "" {
		return names
	}
	return []string{p.only}
}

func run() error {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		return serve(os.Args[2:])
	}
	p := plan{report: &report{}}
	flag.DurationVar(&p.burst, "burst", 10*time.Second, "length of a burst")
	flag.IntVar(&p.rounds, "rounds", 3, "bursts of each server and number of connections; the median counts")
	flag.IntVar(&p.million, "failures", 1_000_000, "failures in the ledger when its size is measured; 0 leaves that out")
	flag.IntVar(&p.millions, "millions", 0, "million failures in the ledger that is looked into, with 4 GB of the disk for 10; 0 leaves that out")
	flag.IntVar(&p.openRounds, "open-rounds", 7, "open loops of each server and rate; the median counts")
	flag.StringVar(&p.dir, "dir", "", "folder on the disk to measure; a temporary one where empty")
	flag.StringVar(&p.binary, "binary", "bin/backstop", "the program: make build")
	flag.StringVar(&p.profile, "profile", "", "write a CPU profile of Backstop's last burst to this file")
	p.connections, p.open = []int{64, 256}, []int{1000, 5000, 10_000}
	flag.Func("connections", "connections of the bursts, separated by commas; none leaves them out (default 64,256)", numbers(&p.connections))
	flag.Func("open", "requests a second of the open loops, separated by commas; none leaves them out (default 1000,5000,10000)", numbers(&p.open))
	flag.StringVar(&p.only, "only", "", "leave out the others: gin, floor, typical, express or backstop, without ratios; to look at one with other tools")
	flag.Parse()
	if p.dir == "" {
		dir, err := os.MkdirTemp("", "backstop-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		p.dir = dir
	}
	var err error
	if p.binary, err = filepath.Abs(p.binary); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if p.sinks, err = newSinks(ctx); err != nil {
		return err
	}
	return errors.Join(measure(ctx, p), p.sinks.close())
}

// numbers reads a list of them.
func numbers(into *[]int) func(string) error {
	return func(value string) error {
		*into = nil
		for n := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ',' }) {
			count, err := strconv.Atoi(n)
			if err != nil {
				return err
			}
			if count > 0 {
				*into = append(*into, count)
			}
		}
		return nil
	}
}
