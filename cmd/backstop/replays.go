package main

import (
	"context"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/replay"
	"github.com/backstop-project/backstop/store"
)

// replaySettings are what sending messages to the customer's server goes by.
func (p *parts) replaySettings() replay.Settings {
	return replay.Settings{Options: p.config.Replay, Primaries: p.primaries, Keys: p.keys, Drops: len(p.config.Privacy.Drop) > 0}
}

// replays is where it stands which messages are to be sent, while that is open.
func (a *app) replays() (replay.Ledger, error) {
	if _, err := a.slot.ledger(); err != nil {
		return nil, err
	}
	return a.slot, nil
}

// replayDesk is where people have messages sent: what they ask for is done at
// once, by the process that may.
type replayDesk struct{ a *app }

func (d replayDesk) Judge(f history.Detail) history.ReplayJudgement {
	return d.a.current.Load().replaySettings().Judge(f)
}

func (d replayDesk) AskReplay(ctx context.Context, w history.ReplayWish) (bool, error) {
	defer d.a.replayer.Wake()
	return ask(d.a.slot, func(l *store.Ledger) (bool, error) { return l.AskReplay(ctx, w) })
}

func (d replayDesk) AskReplays(ctx context.Context, number int64, by string, at time.Time) error {
	defer d.a.replayer.Wake()
	return d.a.slot.do(func(l *store.Ledger) error { return l.AskReplays(ctx, number, by, at) })
}

func (d replayDesk) ResumeReplays(ctx context.Context, number int64, server, by string, at time.Time) error {
	defer d.a.replayer.Wake()
	return d.a.slot.do(func(l *store.Ledger) error { return l.ResumeReplays(ctx, number, server, by, at) })
}

// ReplayStatus is store.Ledger's.
func (s *ledgerSlot) ReplayStatus(ctx context.Context) (history.ReplayStatus, error) {
	return ask(s, func(l *store.Ledger) (history.ReplayStatus, error) { return l.ReplayStatus(ctx) })
}

// do is ask where there is nothing to answer.
func (s *ledgerSlot) do(deed func(*store.Ledger) error) error {
	l, err := s.ledger()
	if err != nil {
		return err
	}
	return s.watch(l, deed(l))
}

// LoseReplays is store.Ledger's.
func (s *ledgerSlot) LoseReplays(ctx context.Context) (int, error) {
	return ask(s, func(l *store.Ledger) (int, error) { return l.LoseReplays(ctx) })
}

// ReplayOrder is store.Ledger's.
func (s *ledgerSlot) ReplayOrder(ctx context.Context, limit int) (o history.ReplayOrder, ok bool, err error) {
	err = s.do(func(l *store.Ledger) error { o, ok, err = l.ReplayOrder(ctx, limit); return err })
	return o, ok, err
}

// TakeReplays is store.Ledger's.
func (s *ledgerSlot) TakeReplays(ctx context.Context, o history.ReplayOrder, wishes []history.ReplayWish, impossible int) error {
	return s.do(func(l *store.Ledger) error { return l.TakeReplays(ctx, o, wishes, impossible) })
}

// NextReplay is store.Ledger's.
func (s *ledgerSlot) NextReplay(ctx context.Context, busy []string) (d history.Detail, ok bool, err error) {
	err = s.do(func(l *store.Ledger) error { d, ok, err = l.NextReplay(ctx, busy); return err })
	return d, ok, err
}

// MarkReplay is store.Ledger's.
func (s *ledgerSlot) MarkReplay(ctx context.Context, id incident.ID, at time.Time) (try int, ok bool, err error) {
	err = s.do(func(l *store.Ledger) error { try, ok, err = l.MarkReplay(ctx, id, at); return err })
	return try, ok, err
}

// SettleReplay is store.Ledger's. In another ledger than the one that it was
// marked in, nobody waits for it.
func (s *ledgerSlot) SettleReplay(ctx context.Context, id incident.ID, try int, r history.ReplayResult) error {
	return s.do(func(l *store.Ledger) error { return l.SettleReplay(ctx, id, try, r) })
}
