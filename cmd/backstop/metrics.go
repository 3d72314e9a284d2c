package main

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/backstop-project/backstop/act"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
	"github.com/backstop-project/backstop/recovery/standby"
)

// newMetrics serves what the parts count. They count by themselves, without
// Prometheus: nothing of it is on the answer path.
func newMetrics(a *app) http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collector{a})
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
}

// collector reads the parts' own counters when it is asked.
type collector struct{ a *app }

// Describe says nothing: what is collected depends on the configuration.
func (collector) Describe(chan<- *prometheus.Desc) {}

// Collect is called once a scrape.
func (c collector) Collect(out chan<- prometheus.Metric) {
	a := c.a
	defer intake.Survive(a.log, "counting for metrics", nil) // Prometheus asks on a goroutine of its own
	counter := func(name, help string, v int64, labels ...string) {
		out <- metric(prometheus.CounterValue, name, help, float64(v), labels)
	}
	gauge := func(name, help string, v float64, labels ...string) {
		out <- metric(prometheus.GaugeValue, name, help, v, labels)
	}

	h := &a.hook.Stats
	for _, channel := range []incident.Channel{incident.Voice, incident.Messaging, incident.Unknown} {
		counter("backstop_failures_answered_total", "New failures answered, retries not counted.", h.Answered[channel].Load(), "channel", channel.String())
	}
	counter("backstop_drills_answered_total", "Drills answered, which count among no failures.", h.Drills.Load())
	counter("backstop_follow_ups_answered_total", "What came back about failures, retries not counted.", h.FollowUps.Load())
	counter("backstop_retries_answered_total", "Retries answered with the same bytes.", h.Retries.Load())
	counter("backstop_requests_unverified_total", "Requests whose signature did not match.", h.Unverified.Load())
	gauge("backstop_requests_unverified_bytes", "Memory that unverified requests take until their reason is known or a day is over.", float64(a.hook.UnverifiedBytes()))
	counter("backstop_requests_repeated_total", "Captured requests, by all signs: their signature came under too many tokens.", h.Replays.Load())
	counter("backstop_failures_unwritten_total", "Failures answered with written=no.", h.Unwritten.Load())
	count, sum, buckets := h.Seconds.Read()
	out <- prometheus.MustNewConstHistogram(prometheus.NewDesc("backstop_answer_seconds", "From a whole, verified request to its answer, what it waited for the journal included.", nil, nil), count, sum, buckets)

	counter("backstop_own_template_failures_total", "Answers for which the customer's own template failed and ours took its place.", a.current.Load().answers.Failed())

	healths := a.lasting.prober.Healths()
	for _, name := range slices.Sorted(maps.Keys(healths)) {
		if h := healths.Of(name); h.Verdict != standby.Unknown {
			up := map[standby.Verdict]float64{standby.Up: 1}[h.Verdict]
			gauge("backstop_server_up", "1 while the last probe of a standby server, or of a primary, was good.", up, "server", name)
		}
	}

	s := &a.recorder.Stats
	counter("backstop_journal_entries_written_total", "Entries on the disk.", s.Written.Load())
	counter("backstop_journal_commits_total", "Commits of the journal.", s.Commits.Load())
	counter("backstop_journal_errors_total", "Commits that failed.", s.Errors.Load())
	counter("backstop_journal_entries_slimmed_total", "Entries kept without all parameters for want of memory.", s.Slimmed.Load())
	counter("backstop_journal_entries_dropped_total", "Entries that only this number remembers.", s.Dropped.Load())
	gauge("backstop_journal_queue_bytes", "What waits to be written.", float64(a.recorder.Queued()))
	gauge("backstop_journal_commit_seconds", "How long the newest commit took.", float64(s.LastMicro.Load())/1e6)
	if j := a.recorder.Journal(); j != nil {
		gauge("backstop_journal_bytes", "What the journal's rows take.", float64(j.Size()))
	}

	f := &a.feeder.Stats
	counter("backstop_ledger_failures_stored_total", "New failures in the ledger, drills among them.", f.Stored.Load())
	counter("backstop_ledger_entries_set_aside_total", "Entries set aside.", f.SetAside.Load())
	counter("backstop_ledger_errors_total", "Steps of feeding that failed.", f.Errors.Load())
	const removed = "Failures removed from the history: for their age, or for want of room before their time."
	counter("backstop_failures_removed_total", removed, a.state.removed.old.Load(), "why", "age")
	counter("backstop_failures_removed_total", removed, a.state.removed.early.Load(), "why", "room")
	counter("backstop_failures_erased_total", "Failures whose personal data was erased because of its age.", a.state.removed.erased.Load())
	away := 0.0
	if since, _ := a.sentinel.Away(); !since.IsZero() {
		away = 1
	}
	gauge("backstop_ledger_away", "1 while the ledger does not take failures.", away)
	for _, n := range a.dispatcher.Status() {
		counter("backstop_messages_sent_total", "Messages that a notifier took.", n.Sent, "notifier", n.Name)
		counter("backstop_attempts_failed_total", "Attempts to send a message that failed.", n.Failed, "notifier", n.Name)
		counter("backstop_messages_given_up_total", "Messages that are not tried any more, because of a hopeless error or after a day.", n.GivenUp, "notifier", n.Name)
	}

	if h := a.heart.health.Load(); h != nil {
		well := 1.0
		if a.heart.ill() {
			well = 0
		}
		gauge("backstop_self_check_ok", "1 while Backstop's last check of itself went well.", well)
		counter("backstop_heartbeats_sent_total", "Heartbeats that arrived.", a.heart.beats.Load())
		counter("backstop_heartbeats_failed_total", "Heartbeats that did not arrive.", a.heart.missed.Load())
	}
	if c := a.certificates.newest.Load(); c != nil && c.Seen {
		gauge("backstop_certificate_expires_timestamp_seconds", "When the certificate of PUBLIC_URL expires, as seen from here.", float64(c.Until.Unix()))
	}
	if d := a.planned.last.Load(); d != nil {
		gauge("backstop_planned_drills_timestamp_seconds", "When the lines were drilled last, as planned.", float64(d.Ended.Unix()))
		gauge("backstop_planned_drills_failed", "How many of those drills failed.", float64(len(d.Failed)))
	}
	now := a.w.now()
	for _, q := range a.state.lateQueues(now) {
		gauge("backstop_backlog_seconds", "For how long alerts have waited for a notifier that fails, from two minutes on.", now.Sub(q.Since).Seconds(), "notifier", q.Notifier)
	}
	for _, way := range act.Ways() {
		counter("backstop_deeds_total", "What people did about incidents from where they read of them.", a.deeds.Done[way].Load(), "way", way.String())
	}

	r := &a.replayer.Stats
	counter("backstop_replays_sent_total", "Messages sent later to a server that had not had them, which took them.", r.Sent.Load())
	counter("backstop_replays_refused_total", "Messages sent later to a server that had not had them, which did not take them.", r.Refused.Load())
	counter("backstop_replays_impossible_total", "Messages that could not be sent later when their turn came.", r.Impossible.Load())
	if known, ok := a.figures.newest(time.Now()); ok {
		gauge("backstop_replays_waiting", "Messages that wait to be sent to a server that has not had them, or are being sent.", float64(known.replays.Waiting))
		gauge("backstop_replays_unknown", "Messages of which nobody knows whether they arrived: a person has to look.", float64(known.replays.Unknown))
		for _, server := range known.replays.Stopped {
			gauge("backstop_replays_stopped", "1 while messages wait for a server in vain: it failed so often that a person has to say that it is back.", 1, "server", server)
		}
		if !known.backup.IsZero() {
			gauge("backstop_backup_timestamp_seconds", "When the last backup of DATA_DIR was made, verified.", float64(known.backup.Unix()))
		}
	}

	for i, l := range a.limits {
		listener := [...]string{"listen", "admin_listen"}[i]
		counter("backstop_connections_dropped_total", "Connections dropped at the cap.", l.Dropped.Load(), "listener", listener)
		gauge("backstop_connections_open", "Open connections.", float64(l.Open()), "listener", listener)
	}
}

func metric(kind prometheus.ValueType, name, help string, v float64, labels []string) prometheus.Metric {
	var names, values []string
	for i := 0; i < len(labels); i += 2 {
		names, values = append(names, labels[i]), append(values, strings.ToValidUTF8(labels[i+1], "�")) // else it panics
	}
	return prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, names, nil), kind, v, values...)
}
