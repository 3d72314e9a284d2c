package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/store"
)

type exportCommand struct {
	Format string `help:"ndjson, a line of JSON for each failure, or csv for spreadsheets." enum:"ndjson,csv" default:"ndjson"`
	Since  string `help:"Only what came from then on: 2026-11-28, 2026-11-28T03:12, 24h, 7d." placeholder:"TIME"`
	Until  string `help:"Only what came before." placeholder:"TIME"`
	Search string `arg:"" optional:"" help:"Only what the search box of the history would find: a number, a host, or 'channel:voice code:11200' with channel:, code:, number:, sid:, host:, incident: and drills:." placeholder:"SEARCH"`
	Drills bool   `help:"Drills, too."`
}

// Run writes failures to standard output, oldest first, while Backstop runs or not.
func (e exportCommand) Run(ctx context.Context, w *world, c *cli) error {
	cfg, err := config.Load(w.getenv, c.Config)
	if err != nil {
		return err
	}
	q, err := e.query(cfg)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return behind(ctx, w, func(ctx context.Context) error {
		if err := e.write(ctx, w, cfg, q); err != nil {
			return fmt.Errorf("export: %w", missing(err, cfg.DataDir))
		}
		return nil
	})
}

// query is what is asked for.
func (e exportCommand) query(cfg config.Config) (q history.Query, err error) {
	zone := cfg.TimeZone
	if zone == nil {
		zone = time.UTC
	}
	if err := e.timesAside(); err != nil {
		return q, err
	}
	found, problems := history.Search(e.Search, zone, func() []history.NamedLine { return namedLines(cfg) })
	if len(problems) == 0 && found.Failure != (history.Found{}).Failure {
		return q, errors.New("a failure's id names one: see its page, or leave it out")
	}
	times, more := history.ParseQuery(url.Values{"since": {e.Since}, "until": {e.Until}}, time.Now(), zone)
	for _, p := range problems {
		return q, misread(p)
	}
	for _, p := range more {
		return q, fmt.Errorf("--%s %q: %s", p.Field, p.Value, p.Hint)
	}
	q = found.Query
	if !times.From.IsZero() {
		q.From = times.From
	}
	if !times.To.IsZero() {
		q.To = times.To
	}
	q.Drills = q.Drills || e.Drills
	return q, nil
}

// timesAside says where times go that stand among the filters.
func (e exportCommand) timesAside() error {
	for word := range strings.FieldsSeq(e.Search) {
		for _, flag := range []string{"since", "until"} {
			if value, ok := strings.CutPrefix(word, flag+":"); ok {
				return fmt.Errorf("SEARCH has no %s: it is an option of its own, --%s %s", word, flag, cmp.Or(value, "TIME"))
			}
		}
	}
	return nil
}

// searchSyntax is what SEARCH takes.
const searchSyntax = "it takes a call or message SID, a number with its country code, an error code, a URL or host, an incident such as '#12', " +
	"the name of a line, or filters such as 'channel:voice code:11200', of channel:, code:, number:, sid:, host:, incident: and drills:1. Times are --since and --until."

// misread says in the words of the command line what of SEARCH was not understood.
func misread(p history.Problem) error {
	if p.Field == history.SearchField {
		return fmt.Errorf("SEARCH %q: %s", p.Value, strings.Replace(p.Hint, history.SearchHint, searchSyntax, 1))
	}
	return fmt.Errorf("SEARCH, %s:%s: %s", p.Field, p.Value, p.Hint)
}

// exportWriter takes what is exported.
type exportWriter interface {
	write(x *history.Exported) error
	end() error
}

func (e exportCommand) write(ctx context.Context, w *world, cfg config.Config, q history.Query) (err error) {
	if _, err := os.Stat(cfg.Ledger); err != nil {
		return err
	}
	ledger, err := store.OpenReading(ctx, cfg.Ledger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	out := bufio.NewWriterSize(w.stdout, 64<<10)
	var to exportWriter = lines{out}
	if e.Format == "csv" {
		to = newTable(out)
	}
	for after := history.Cursor(0); ; {
		page, next, err := ledger.Export(ctx, q, after)
		if err != nil {
			return err
		}
		for _, x := range page {
			if err := to.write(x); err != nil {
				return err
			}
		}
		if next == 0 {
			return errors.Join(to.end(), out.Flush())
		}
		after = next
	}
}

// lines writes a line of JSON for each.
type lines struct{ out *bufio.Writer }

func (l lines) write(x *history.Exported) error {
	line, err := x.Line()
	if err != nil {
		return err
	}
	_, err = l.out.Write(append(line, '\n'))
	return err
}

func (lines) end() error { return nil }

// table writes a row for each.
type table struct{ out *csv.Writer }

func newTable(out *bufio.Writer) table {
	t := table{csv.NewWriter(out)}
	_ = t.out.Write(history.CSVHeader()) // the end says what went wrong
	return t
}

func (t table) write(x *history.Exported) error {
	row, err := x.CSV()
	if err != nil {
		return err
	}
	return t.out.Write(row)
}

func (t table) end() error {
	t.out.Flush()
	return t.out.Error()
}

// plainName is how a stream is called in what people read.
func plainName(path string) string {
	if path == "-" || strings.TrimSpace(path) == "" {
		return "standard input"
	}
	return path
}
