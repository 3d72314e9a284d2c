package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/act"
	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/handlers"
	"github.com/backstop-project/backstop/handlers/api"
	"github.com/backstop-project/backstop/handlers/deeds"
	"github.com/backstop-project/backstop/handlers/hook"
	"github.com/backstop-project/backstop/handlers/pages"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/replay"
	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/twilio"
)

// app is the running program, put together.
type app struct {
	w     *world
	log   *slog.Logger
	level *slog.LevelVar
	load  func() (config.Config, error)
	// configFile is the one that the command line named; "" where it named none.
	configFile string
	// heard is told where it listens; nil is nobody.
	heard func(net.Addr)

	folder      *folder
	lock        folderLock
	secrets     secrets
	lasting     lasting
	recalled    atomic.Bool // calls from before the start
	connections int
	open        doors
	limits      []*handlers.ConnectionCap

	current      atomic.Pointer[parts]
	reloading    sync.Mutex
	governing    sync.Mutex // setPolicy
	slot         *ledgerSlot
	keeper       *ledgerKeeper
	recorder     *intake.Recorder
	feeder       *intake.Feeder
	pacer        *pacer
	proofs       *intake.Proofs
	sentinel     *intake.Sentinel
	teller       *intake.Teller
	dispatcher   *notify.Dispatcher
	replayer     *replay.Worker
	figures      *figures
	backtests    *backtests
	heart        heart
	planned      plannedDrills
	certificates certificates
	hook         *hook.Hook
	pages        *pages.Pages
	api          *api.Room
	media        mediaRoom
	deeds        *deeds.Room
	swapped      chan struct{} // holds one where a reload has swapped the parts
	state        state
}

// journalName is the journal's, in the data folder.
const journalName = "journal.db"

// lastGoodFile is where answers are kept that were good, in the data folder.
const lastGoodFile = "lastgood.json"

// newApp puts the program together. Only mistakes in the configuration stop
// it: what is wrong with disk or databases is told while calls are answered.
func newApp(c config.Config, w *world, log *slog.Logger) (*app, error) {
	a := &app{w: w, log: log, slot: &ledgerSlot{}, connections: connectionCap(), swapped: make(chan struct{}, 1)}
	a.folder = &folder{path: c.DataDir}
	a.lock.ready = a.folder.check
	if err := a.folder.check(); err != nil {
		log.Error("data folder not usable: calls are answered but nothing is written", "err", err)
		a.state.folder.Store(new(err.Error()))
	}
	a.secrets.read(a, c)
	a.lasting = w.newLasting(a.secrets.followUp, standby.NewLastGood(standby.LastGoodOptions{
		Path: filepath.Join(c.DataDir, lastGoodFile), Ready: a.folder.check, Log: log,
	}), log)
	a.lasting.acts = act.NewSeal(a.secrets.act)
	p, err := assemble(c, a.secrets.drillKey, a.lasting, log)
	if err != nil {
		return nil, fmt.Errorf("the configuration has mistakes:\n%w", err)
	}
	a.current.Store(p)
	a.lasting.prober.Replace(p.rules.Probes())
	a.media = mediaRoom{media: func() *recovery.Media { return a.current.Load().media }}
	a.buildPipeline()
	return a, a.buildRooms()
}

func (a *app) buildPipeline() {
	p := a.current.Load()
	a.dispatcher = notify.New(a.slot, p.notifiers, notify.Options{Log: a.log, Now: a.w.now})
	a.replayer = replay.NewWorker(replay.WorkerOptions{
		Ledger: a.replays, Settings: func() replay.Settings { return a.current.Load().replaySettings() },
		Sender: standby.NewSender(a.w.standbys()), Now: a.w.now, Log: a.log,
	})
	a.heart.client = newPinger()
	a.certificates.examiner = standby.NewExaminer(a.w.standbys())
	a.figures = &figures{read: a.slot.ReplayStatus, backup: func() (time.Time, error) { return lastBackup(p.config.DataDir) }}
	a.backtests = &backtests{past: a.slot.past, policy: func() *parts { return a.current.Load() }, now: a.w.now}
	a.slot.alerts, a.slot.alone = a.dispatcher.Wake, a.lock.alone
	a.teller = intake.NewTeller(a.slot, a.urgent, a.dispatcher.Wake, a.log)
	a.sentinel = intake.NewSentinel(a.urgent, func(news incident.Alert) { a.teller.Tell(news) }, a.zonedNow, a.log)
	a.recorder = intake.NewRecorder(intake.RecorderOptions{
		Open: a.openJournal, Room: a.journalRoom, MaxBytes: journalMost,
		Now: a.w.now, Log: a.log,
		Written:  func() { a.feeder.Wake(); a.pacer.wake() },
		Overflow: a.overflow,
		Trouble:  a.journalTrouble,
		Lost:     a.journalLost,
	})
	a.feeder = intake.NewFeeder(intake.FeederOptions{
		Journal: a.recorder.Journal, Ledger: func() (intake.Ledger, error) { return a.keeper.fed() }, Fed: a.recorder.Fed,
		Written: a.recorder.Stats.Written.Load,
		Alerts:  func() { a.dispatcher.Wake(); a.proofs.Wake() }, Tell: a.teller.Tell, Now: a.w.now, Log: a.log,
	}, a.sentinel)
	a.pacer = newPacer(a.recorder.Stats.Written.Load, living)
	a.proofs = intake.NewProofs(intake.ProofOptions{
		Ledger: a.provenIn, Primaries: examined{a.current.Load, standby.NewExaminer(a.w.standbys())},
		Alerts: a.dispatcher.Wake, Log: a.log,
	})
	a.keeper = &ledgerKeeper{
		slot: a.slot, path: p.config.Ledger, enter: a.enter, options: a.ledgerOptions, owns: a.lock.owns,
		opened: func() { a.setPolicy(); a.learnFailed(); a.recallCalls(); a.feeder.Wake(); a.dispatcher.Wake() },
		tell:   a.teller.Tell, now: a.w.now, log: a.log, suspects: make(chan suspect, 1),
	}
	a.slot.suspect = a.keeper.suspect
}

func (a *app) ledgerOptions() store.LedgerOptions {
	return store.LedgerOptions{
		Policy: a.current.Load().policy, Now: a.w.now, Built: builtAt(),
		Upgrading: func(from, to uint32) {
			a.log.Info("bringing the ledger up to date: until that is done, failures wait in the journal", "from", from, "to", to)
		},
		Panicked: func(value any, stack []byte) {
			a.log.Error("panic in the ledger", "panic", fmt.Sprint(value), "stack", string(stack))
		},
	}
}

// setPolicy has the ledger go by the present configuration. Whoever changes
// either calls it: a ledger may be opened while a reload goes on.
func (a *app) setPolicy() {
	a.governing.Lock()
	defer a.governing.Unlock()
	if l, err := a.slot.ledger(); err == nil {
		l.SetPolicy(a.current.Load().policy)
	}
}

func (a *app) buildRooms() error {
	a.hook = hook.New(hook.Options{
		Settings: a.current.Load().hookSettings(), Recorder: a.recorder, Noted: a.sentinel.Note,
		Tell: a.teller.Tell, FoundPublic: a.foundPublic, Healths: a.lasting.prober.Healths, RecordFor: intake.RecordFor, Now: a.w.now, Log: a.log,
	})
	var err error
	a.pages, err = pages.New(pages.Options{
		History: a.slot, Passwords: &a.secrets, Setup: a.setup, Unverified: a.unverified, Notices: a.notices,
		Rules: func() []recovery.Outline { return a.current.Load().rules.Outlines() },
		Explain: func(f incident.Failure, visit int) recovery.Explanation {
			now := a.current.Load()
			return now.rules.Explain(f, a.lasting.standbys, now.recovery.Imagined(f, visit, a.knows().Health), a.w.now())
		},
		Standing: func(at time.Time) recovery.Standing { return a.current.Load().rules.Standing(at) },
		Policy:   func() incident.Policy { return a.current.Load().policy }, Places: a.places, Testing: tester{a}, Regular: a.regular,
		Backtest:   a.backtests.words,
		Replays:    replayDesk{a},
		Recordings: recordings{func() *parts { return a.current.Load() }},
		Shown:      a.pacer.shown,
		Lines:      func() []history.NamedLine { return namedLines(a.current.Load().config) },
		Probed:     func() []string { return a.current.Load().rules.Probed(a.knows(), a.w.now()) },
		Settings:   a.pageSettings, Now: a.w.now, Log: a.log, Version: versionName(),
	})
	if err != nil {
		return err
	}
	a.deeds, err = deeds.New(deeds.Options{
		Ledger: a.slot, Seal: a.lasting.acts, Settings: func() deeds.Settings { return a.current.Load().deeds }, Now: a.w.now, Log: a.log,
	})
	if err != nil {
		return err
	}
	a.api = api.New(api.Options{
		Degraded: a.degraded, Drill: a.slot.Drill, Notifiers: a.notifierNames, Metrics: newMetrics(a),
		DrillToken: drillToken(a.secrets.drillKey), Token: a.secrets.apiToken,
	})
	return nil
}

// knows is what rules may ask about beside a failure.
func (a *app) knows() recovery.State { return recovery.State{Health: a.lasting.prober.Healths().Of} }

func (a *app) rooms() handlers.Options {
	return handlers.Options{
		Hook: a.hook, Astray: a.hook.Astray, Rooms: []handlers.Room{a.pages, a.api, a.media, a.deeds}, NoWay: gin.HandlerFunc(a.pages.NotFound), Log: a.log,
		Apology: func(path string) []byte { return recovery.ApologyAt(path, channelOf(path)) },
	}
}

func channelOf(path string) incident.Channel {
	if path == "/fallback/messaging" {
		return incident.Messaging
	}
	return incident.Voice
}

// workers are everything behind the answer, but for the recorder, which stops
// before them.
func (a *app) workers() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"teller":   a.teller.Run,
		"sentinel": a.sentinel.Run,
		"hook":     a.hook.Run,
		"deeds":    a.deeds.Run,
		"sockets":  a.runSockets,
		"ledger":   a.keeper.Run,
		"password": a.secrets.prepare,
		"owner":    a.own,
		"figures":  a.figures.Run,
		"prober":   a.lasting.prober.Run,
		"lastgood": a.lasting.standbys.LastGood().Run,
		"pacer":    a.pace,
	}
}

// own feeds the ledger and sends alerts while this is the one process of this
// folder that may.
func (a *app) own(ctx context.Context) error {
	for {
		err := a.lock.wait(ctx, a.folder.path, func() {
			a.log.Warn("another process has this data folder: it feeds the history and sends the alerts until it ends")
		})
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			a.log.Error("lock of the data folder not taken, going on without it until it can be", "err", err)
		}
		if err := a.owning(ctx); err != nil || ctx.Err() != nil {
			return err
		}
		a.sentinel.Rest()
		a.recorder.Fed(incident.Cursor{})
	}
}

// owning does what the owner does, until ctx ends or the folder turns out to
// be another's.
func (a *app) owning(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	a.slot.succeed()
	timers := intake.Timers{Ledger: a.keeper.fed, Until: a.fedUntil, Alerts: a.dispatcher.Wake, Now: a.w.now, Log: a.log}
	return together(ctx,
		func(ctx context.Context) error { return a.guarded(ctx, "feeder", yielding(a.log, a.feeder.Run)) },
		func(ctx context.Context) error { return a.guarded(ctx, "timers", timers.Run) },
		func(ctx context.Context) error { return a.guarded(ctx, "proofs", a.proofs.Run) },
		func(ctx context.Context) error { return a.guarded(ctx, "dispatcher", a.dispatcher.Run) },
		func(ctx context.Context) error { return a.guarded(ctx, "replayer", a.replayer.Run) },
		func(ctx context.Context) error { return a.guarded(ctx, "outbox watch", a.watchOutbox) },
		func(ctx context.Context) error { return a.guarded(ctx, "heartbeat", a.beat) },
		func(ctx context.Context) error { return a.guarded(ctx, "planned drills", a.drillAsPlanned) },
		func(ctx context.Context) error { return a.guarded(ctx, "certificate", a.watchCertificate) },
		func(ctx context.Context) error { return a.guarded(ctx, "summaries", a.sumUp) },
		func(ctx context.Context) error { return a.guarded(ctx, "retention", yielding(a.log, a.retain)) },
		func(ctx context.Context) error { return a.guarded(ctx, "lock of the folder", a.untilLost(stop)) },
	)
}

// untilLost stops owning when the folder turns out to be another process's.
func (a *app) untilLost(stop func()) func(context.Context) error {
	return func(ctx context.Context) error {
		a.lock.lost(ctx, a.folder.path)
		stop()
		return nil
	}
}

// fedUntil is up to when the ledger has all that came in. What waits in memory
// because the journal does not take it, nobody has.
func (a *app) fedUntil(now time.Time) (until time.Time, ok bool) {
	if a.state.journal.Load() != nil {
		return time.Time{}, false
	}
	return a.feeder.Until(now)
}

// enter says whether the folder can be used, before a file of it is opened, and asks
// for its lock where it could not be had so far: two processes must not feed from one
// journal. Why it cannot be had, own has said. A folder that is gone is left.
func (a *app) enter() error {
	if err := a.folder.check(); err != nil {
		if gone(err) {
			a.lock.leave()
		}
		return err
	}
	_ = a.lock.try(a.folder.path)
	return nil
}

// foundPublic prints what PUBLIC_URL has to be.
func (a *app) foundPublic(base twilio.BaseURL) {
	a.log.Warn("PUBLIC_URL is not set, and was found by a signature that matches: set it", "set", "PUBLIC_URL="+base.String())
}

// urgent tells all notifiers at once, without the ledger.
func (a *app) urgent(alert incident.Alert) {
	a.dispatcher.Urgent(incident.Message{Ledger: "urgent", DeliveryID: a.w.now().UnixNano(), Attempt: 1, Now: a.w.now(), Alert: alert})
}

func (a *app) journalPath() string { return filepath.Join(a.folder.path, journalName) }
