package main

import (
	"fmt"
	"time"

	"github.com/backstop-project/backstop/handlers/pages"
	"github.com/backstop-project/backstop/incident"
)

// pipeline is how the journal stands between what comes in and the history.
type pipeline struct {
	journal int64         // bytes of its rows
	free    int64         // bytes on its disk; below 0 where nobody knows
	behind  time.Duration // how old the newest failure of the history is, while there are newer ones
}

// Bounds from which people are told, well before those at which failures only
// wait in memory.
const (
	journalNear = journalMost / 4 * 3
	diskNear    = 2 * diskReserve
	behindAfter = 2 * time.Minute
)

// pressure is one thing that comes near its bound.
type pressure struct{ title, detail, reason string }

// pressures are what people have to know of p.
func (p pipeline) pressures() (all []pressure) {
	if p.journal >= journalNear {
		all = append(all, pressure{
			"The journal is nearly full",
			fmt.Sprintf("It holds %d MiB of at most %d. At its bound failures wait in memory only. "+incident.DoFirst+"look why the history does not take them, on the page and in the log.", p.journal>>20, journalMost>>20),
			"the journal comes near its bound",
		})
	}
	if p.free >= 0 && p.free < diskNear {
		all = append(all, pressure{
			"The disk of DATA_DIR is nearly full",
			fmt.Sprintf("%d MiB are free. With %d left the journal takes nothing any more. "+incident.DoFirst+"make room on it (df -h), or lower retention.max_size.", p.free>>20, diskReserve>>20),
			"the disk comes near its bound",
		})
	}
	if p.behind >= behindAfter {
		all = append(all, pressure{
			"The history is behind",
			fmt.Sprintf("What came in during the last %d minutes is in the journal and not yet in the history, and no alert tells of it yet. Calls are answered. "+incident.DoFirst+"look at load and disk of this machine (top, iostat).", int(p.behind/time.Minute)),
			"the history is behind the journal",
		})
	}
	return all
}

// pipelineNow asks the parts.
func (a *app) pipelineNow(now time.Time) pipeline {
	p := pipeline{free: -1}
	if j := a.recorder.Journal(); j != nil {
		p.journal = j.Size()
	}
	if free, ok := a.folder.free(); ok {
		p.free = free
	}
	if until, ok := a.feeder.Until(now); ok {
		p.behind = now.Sub(until)
	}
	return p
}

// notePressures tells what has become tight, once until it is over.
func (a *app) notePressures(all []pressure, now time.Time) {
	before := a.state.pressures.Load()
	a.state.pressures.Store(&all)
	known := map[string]bool{}
	if before != nil {
		for _, one := range *before {
			known[one.reason] = true
		}
	}
	for _, one := range all {
		if !known[one.reason] {
			a.teller.Tell(incident.Alert{
				Kind: incident.Meta, Topic: incident.RoomTopic, At: now,
				Title: one.title, Detail: one.detail, Reason: one.reason,
			})
		}
	}
}

// pressureNotices say it on pages while it lasts.
func (s *state) pressureNotices() (list []pages.Notice) {
	if all := s.pressures.Load(); all != nil {
		for _, one := range *all {
			means, first := incident.Alert{Detail: one.detail}.Advice()
			list = append(list, pages.Notice{Title: one.title, Detail: means + "Do first: " + first})
		}
	}
	return list
}
