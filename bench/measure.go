package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// figures of one server under one number of connections, one a round.
type figures struct {
	rate, caughtUp, cpu []float64 // requests/s, failures/s until the ledger has them, µs a failure
	answering           []float64 // µs a failure until the burst is over
	p50, p99            []float64 // ms
	behind              []float64 // s that the pages are behind at the end of the burst
	rss                 float64   // MB, the most
	unwritten           int       // answered, but the disk took longer than an answer waits
	dropped             int       // of those, only counted: the disk stood still until memory was full
}

const corpusSize = 400_000

func measure(ctx context.Context, p plan) error {
	fsync, err := fsyncTime(p.dir)
	if err != nil {
		return err
	}
	say("disk: fdatasync of 4 KiB takes %.2f ms (median of 200)", ms(fsync))
	say("making %d signed requests …", corpusSize)
	c, err := newCorpus(corpusSize)
	if err != nil {
		return err
	}
	say("corpus: %d distinct requests of %d parameters", len(c.requests), c.params)
	if p.only == "" && len(p.connections) > 0 {
		if err := starting(ctx, p, c); err != nil {
			return err
		}
	}
	for _, connections := range p.connections {
		if err := bursts(ctx, p, c, connections); err != nil {
			return err
		}
	}
	if p.only == "" && len(p.connections) > 0 {
		if err := oneProcessor(ctx, p, c); err != nil {
			return err
		}
	}
	if len(p.open) > 0 {
		if err := openLoops(ctx, p, c, fsync); err != nil {
			return err
		}
	}
	if p.million > 0 {
		if err := ledgerSize(ctx, p, c); err != nil {
			return err
		}
	}
	if p.millions > 0 {
		if err := millions(ctx, p, c); err != nil {
			return err
		}
	}
	p.report.say()
	return nil
}

// bursts measures the servers in turns.
func bursts(ctx context.Context, p plan, c corpus, connections int) error {
	names := p.servers("gin", "floor", "backstop", "typical", "express")
	all := map[string]*figures{}
	for _, name := range names {
		all[name] = &figures{}
	}
	for round := range p.rounds {
		for i := range names {
			name := names[(i+round)%len(names)]
			if err := burst(ctx, p, c, name, connections, all[name]); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	say("\n%d connections, bursts of %s, median of %d", connections, p.burst, p.rounds)
	for _, name := range names {
		f := all[name]
		say("  %-9s %7.0f/s   p50 %6.2f ms   p99 %6.2f ms   CPU %5.1f µs a request", name, median(f.rate), median(f.p50), median(f.p99), median(f.cpu))
	}
	if p.only != "" {
		say("  until the ledger has them %.0f/s; RssAnon %.0f MB at most", median(all[p.only].caughtUp), all[p.only].rss)
		return nil
	}
	ours := all["backstop"]
	say("  until the ledger has them %.0f/s; RssAnon %.0f MB at most; %d without written=yes, %d of them only counted",
		median(ours.caughtUp), ours.rss, ours.unwritten, ours.dropped)
	p.report.bursts(connections, all)
	return nil
}

// bursts notes the figures of one number of connections that have a bound.
func (r *report) bursts(connections int, all map[string]*figures) {
	gin, floor, ours := all["gin"], all["floor"], all["backstop"]
	at := fmt.Sprintf(", %d connections", connections)
	r.atLeast("durable answers, of the floor's"+at, ratio(ours.rate, floor.rate), 0.88)
	ofGin := 0.38
	if connections > 64 {
		ofGin = 0.48
	}
	r.atLeast("durable answers, of bare gin's"+at, ratio(ours.rate, gin.rate), ofGin)
	r.atLeast("until the ledger has them, of bare gin's"+at, ratio(ours.caughtUp, gin.rate), 0.27)
	r.atLeast("durable answers, of a typical gin handler's"+at, ratio(ours.rate, all["typical"].rate), 8)
	r.atLeast("durable answers, of a typical Express handler's"+at, ratio(ours.rate, all["express"].rate), 15)
	r.atMost("pages behind at the end of the burst"+at, median(ours.behind), 2, " s")
	r.atMost("CPU, user and system, a failure in all"+at, median(ours.cpu), 85, " µs")
	r.atMost("of it until the burst is over, what was fed by then included"+at, median(ours.answering), 45, " µs")
	r.atMost("RssAnon under load, the most"+at, ours.rss, 64, " MB")
}

func burst(ctx context.Context, p plan, c corpus, name string, connections int, f *figures) error {
	s, err := start(ctx, p, name)
	if err != nil {
		return err
	}
	defer os.RemoveAll(s.dir)
	defer s.stop()
	warm, err := closed(ctx, s.address, c, connections, 500*time.Millisecond)
	if err != nil {
		return err
	}
	stored := 0.0
	if name == "backstop" {
		if err := settle(ctx, s); err != nil {
			return err
		}
		if stored, err = s.metric(ctx, "backstop_ledger_failures_stored_total"); err != nil {
			return err
		}
	}
	before, err := s.cpu()
	if err != nil {
		return err
	}
	memory := s.memory()
	began := time.Now()
	out, err := closed(ctx, s.address, c.after(warm.requests), connections, p.burst)
	if err != nil {
		return err
	}
	answered, err := s.cpu()
	if err != nil {
		return err
	}
	if name == "backstop" {
		f.unwritten += out.requests - out.written
		fed, err := s.metric(ctx, "backstop_ledger_failures_stored_total")
		if err != nil {
			return err
		}
		f.behind = append(f.behind, max(0, float64(out.requests)-(fed-stored))/out.rate())
		dropped, err := s.metric(ctx, "backstop_journal_entries_dropped_total")
		if err != nil {
			return err
		}
		f.dropped += int(dropped)
		if err := s.caughtUp(ctx, int(stored)+out.requests-int(dropped)); err != nil {
			return err
		}
		f.caughtUp = append(f.caughtUp, float64(out.requests)/time.Since(began).Seconds())
	}
	after, err := s.cpu()
	if err != nil {
		return err
	}
	most, err := memory()
	if err != nil {
		return err
	}
	f.rss = max(f.rss, float64(most)/1e6)
	f.rate = append(f.rate, out.rate())
	f.p50 = append(f.p50, ms(out.quantile(0.5)))
	f.p99 = append(f.p99, ms(out.quantile(0.99)))
	f.answering = append(f.answering, float64((answered-before).Microseconds())/float64(out.requests))
	f.cpu = append(f.cpu, float64((after-before).Microseconds())/float64(out.requests))
	return nil
}

// settle waits until the ledger has all that was written.
func settle(ctx context.Context, s *server) error {
	written, err := s.metric(ctx, "backstop_journal_entries_written_total")
	if err != nil {
		return err
	}
	return s.caughtUp(ctx, int(written))
}
