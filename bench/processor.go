package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// oneProcessor measures answers on one processor, at 256 connections: the servers
// have one to themselves, the load comes from the others.
func oneProcessor(ctx context.Context, p plan, c corpus) error {
	before, err := affinity()
	if err != nil {
		return err
	}
	if before.Count() < 2 {
		say("\none processor: left out, for there is no other one for the load")
		return nil
	}
	servers, load := divided(before)
	p.processors = &servers
	if err := confine(&load); err != nil {
		return err
	}
	rates := map[string][]float64{}
	for range p.rounds {
		for _, name := range []string{"gin", "backstop"} {
			var f figures
			if err := burst(ctx, p, c, name, 256, &f); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			rates[name] = append(rates[name], f.rate...)
		}
	}
	say("\none processor, 256 connections: bare gin %.0f/s, ours %.0f/s", median(rates["gin"]), median(rates["backstop"]))
	p.report.atLeast("durable answers on one processor, of bare gin's, 256 connections", ratio(rates["backstop"], rates["gin"]), 0.45)
	return confine(&before)
}

func affinity() (set unix.CPUSet, err error) {
	err = unix.SchedGetaffinity(0, &set)
	return set, err
}

// divided gives the first processor to the servers, and the others to the load.
func divided(all unix.CPUSet) (servers, load unix.CPUSet) {
	load = all
	for n := range 1024 {
		if all.IsSet(n) {
			servers.Set(n)
			load.Clear(n)
			return servers, load
		}
	}
	return servers, load
}

// confine has every thread of this process run on those processors.
func confine(set *unix.CPUSet) error {
	threads, err := filepath.Glob("/proc/self/task/*")
	if err != nil {
		return err
	}
	for _, path := range threads {
		thread, err := strconv.Atoi(filepath.Base(path))
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(thread, set); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}
