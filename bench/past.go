package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/sys/unix"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/twilio/sim"
)

// past is what a ledger holds of the last sixty days: as many failures as
// total, each the same whenever it is made again. Half of a day's come evenly,
// the other half in the twenty minutes of its storm, in which one host fails.
type past struct {
	total int
	until time.Time
}

// What it is made of: a customer of some size, and one account.
const (
	pastDays    = 60
	pastHosts   = 200
	pastLines   = 10_000
	pastCallers = 2_000_000

	stormBegins = 14 * time.Hour
	stormLasts  = 20 * time.Minute
)

// at is when the i-th came, and whether in a storm.
func (p past) at(i int) (at time.Time, storm bool) {
	const day = 24 * time.Hour
	days := float64(i) / float64(p.total) * pastDays
	midnight, part := p.until.Add(-(pastDays-time.Duration(days))*day), days-float64(int(days))
	between := func(part, share float64, length time.Duration) time.Duration {
		return time.Duration(part / share * float64(length))
	}
	switch {
	case part < 0.3:
		return midnight.Add(between(part, 0.3, stormBegins)), false
	case part < 0.8:
		return midnight.Add(stormBegins + between(part-0.3, 0.5, stormLasts)), true
	}
	return midnight.Add(stormBegins + stormLasts + between(part-0.8, 0.2, day-stormBegins-stormLasts)), false
}

// failure is the i-th, as the journal hands it over.
func (p past) failure(i int) incident.Fed {
	at, storm := p.at(i)
	rng := rand.New(rand.NewPCG(uint64(i), 1)) //nolint:gosec // the same again, not a secret; i counts
	u := rng.Float64()
	host := int(u * u * u * pastHosts) // few fail often
	if storm {
		host = at.YearDay() % pastHosts
	}
	line := (host + pastHosts*rng.IntN(pastLines/pastHosts)) % pastLines
	code := []string{"11200", "11200", "11200", "11205", "11210", "12100"}[rng.IntN(6)]
	sid := fmt.Sprintf("%016x%016x", rng.Uint64(), rng.Uint64())
	from, to := p.caller(rng.IntN(pastCallers)), p.line(line)
	address := fmt.Sprintf("https://%s/menu/%d", p.host(host), line%5)
	zip := fmt.Sprintf("%05d", rng.IntN(100_000))
	changes := sim.Changes{Drop: []string{"CallToken"}, Set: sim.Params{{Name: "FromZip", Value: zip}, {Name: "CallerZip", Value: zip}}}
	var params sim.Params
	if rng.IntN(100) < 15 {
		params = sim.Message{SID: "SM" + sid, From: from, To: to, ErrorCode: code, ErrorURL: address, Body: "Are you open on " + at.Weekday().String() + "?"}.Params(accountSID)
	} else {
		params = sim.Call{SID: "CA" + sid, From: from, To: to, ErrorCode: code, ErrorURL: address, Changes: changes}.Params(accountSID)
	}
	return p.answered(at, line, params, rng)
}

func (past) host(n int) string   { return fmt.Sprintf("voice%d.example.com", n) }
func (past) line(n int) string   { return fmt.Sprintf("+1800%07d", n) }
func (past) caller(n int) string { return fmt.Sprintf("+1415%07d", n) }

// answered is a failure with what was said to it.
func (past) answered(at time.Time, line int, params sim.Params, rng *rand.Rand) incident.Fed {
	raw := make([]incident.Param, len(params))
	for i, one := range params {
		raw[i] = incident.Param{Name: one.Name, Value: one.Value}
	}
	f := incident.NewFailure(at, "POST", raw)
	binary.BigEndian.PutUint64(f.RequestKey[:], rng.Uint64())
	name := fmt.Sprintf("Branch %d", line)
	heard := "You have reached " + name + ". We have a technical problem. Please call again later."
	return incident.Fed{
		Entry: incident.Entry{Failure: f, Answer: incident.Answer{
			Step: "message", Situation: incident.NotYetServed, Languages: []string{"en"}, Name: name, Heard: heard,
			Outcome:  []incident.Outcome{incident.Told, incident.Told, incident.Saved}[rng.IntN(3)],
			Document: []byte("<Response><Say>" + heard + "</Say></Response>"), Took: time.Duration(rng.IntN(4000)) * time.Microsecond,
		}},
		JournalAt: at.Add(2 * time.Millisecond),
	}
}

// pastBatch is about what the feeder gives the ledger at once in a storm.
const pastBatch = 2000

// fill feeds the ledger at path with it, and says how many failures a second of
// the processor went into the empty one and into the full one: a tenth of all at
// each end.
func (p past) fill(ctx context.Context, path string) (empty, full float64, err error) {
	now := p.until
	l, err := store.OpenLedger(ctx, path, store.LedgerOptions{Policy: incident.DefaultPolicy(), Now: func() time.Time { return now }})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	tenth := p.total / 10
	var took [10]time.Duration
	var due time.Time
	for i := 0; i < p.total && ctx.Err() == nil; i += pastBatch {
		batch := incident.Batch{Cursor: incident.Cursor{Journal: "past", Row: int64(i + 1)}}
		for n := i; n < min(i+pastBatch, p.total); n++ {
			batch.Entries = append(batch.Entries, p.failure(n))
		}
		now = batch.Entries[len(batch.Entries)-1].Failure.ReceivedAt
		before, err := used()
		if err != nil {
			return 0, 0, err
		}
		if _, err := l.Feed(ctx, batch); err != nil {
			return 0, 0, err
		}
		if !due.After(now) {
			if due, _, err = l.Tick(ctx, now); err != nil {
				return 0, 0, err
			}
		}
		after, err := used()
		if err != nil {
			return 0, 0, err
		}
		took[min(i/tenth, 9)] += after - before
	}
	return float64(tenth) / took[0].Seconds(), float64(tenth) / took[9].Seconds(), ctx.Err()
}

// used is what this process has had of the processor.
func used() (time.Duration, error) {
	var u unix.Rusage
	err := unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}
