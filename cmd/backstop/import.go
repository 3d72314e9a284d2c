package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/templates"
)

type importCommand struct {
	File string `arg:"" help:"What backstop export has written, as NDJSON or CSV; - for standard input." placeholder:"FILE"`
}

// importAtOnce is how many failures are taken in at once.
const importAtOnce = 200

// Run takes in what was exported, while Backstop runs or not. What is there already
// stays as it is, and nobody is told, so that it can be run again whatever stopped it.
func (i importCommand) Run(ctx context.Context, w *world, c *cli) (err error) {
	cfg, err := config.Load(w.getenv, c.Config)
	if err != nil {
		return err
	}
	from := io.NopCloser(w.stdin)
	if i.File != "-" {
		if from, err = os.Open(i.File); err != nil {
			return fmt.Errorf("import: %w: name a file that backstop export has written, or - for standard input", err)
		}
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	return behind(ctx, w, func(ctx context.Context) error { return i.take(ctx, w, cfg, from) })
}

func (i importCommand) take(ctx context.Context, w *world, cfg config.Config, from io.Reader) (err error) {
	data := folder{path: cfg.DataDir}
	if err := data.check(); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	known, err := readErasures(cfg.DataDir)
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	ledger, err := (&erasure{cfg: cfg}).open(ctx, cfg.Ledger)
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	into := &intaking{importing: ledger.Import(), who: known.people(), now: time.Now()}
	failed := into.all(ctx, from, plainName(i.File))
	failed = errors.Join(failed, into.importing.Close(context.WithoutCancel(ctx)))
	err = w.say("Imported: %s. There already: %s. Nobody is told.\n",
		templates.Plural(int64(into.report.New), "failure", "failures"), templates.Count(int64(into.report.Known)))
	if failed != nil {
		return errors.Join(fmt.Errorf("import: %w", failed), err)
	}
	return err
}

// intaking takes in one stream.
type intaking struct {
	importing *store.Importing
	who       history.People // who was erased stays so
	now       time.Time
	some      []*history.Exported
	report    store.ImportReport
}

// source hands out one failure after the other: io.EOF is the end. line is where
// the last one began.
type source interface {
	next() (x *history.Exported, line int, err error)
}

func (i *intaking) all(ctx context.Context, from io.Reader, name string) error {
	in, err := sourceOf(from)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for {
		x, line, err := in.next()
		if errors.Is(err, io.EOF) {
			return i.flush(ctx)
		}
		if err == nil {
			err = i.add(ctx, x)
		}
		if err != nil { // what came before it is taken in
			return errors.Join(fmt.Errorf("%s, line %d: %w: mend or remove it, and run this again", name, line, err), i.flush(ctx))
		}
	}
}

// aheadMost is how much later than now something may have come in.
const aheadMost = 10 * time.Minute

func (i *intaking) add(ctx context.Context, x *history.Exported) error {
	e := x.Entry()
	if at := e.Failure.ReceivedAt; at.After(i.now.Add(aheadMost)) {
		return fmt.Errorf("it came in at %s, which is yet to come", at.Format(time.RFC3339))
	}
	if erased := i.without(x, e.Entry); erased != nil {
		x = erased
	}
	if i.some = append(i.some, x); len(i.some) < importAtOnce {
		return nil
	}
	return i.flush(ctx)
}

// without is x without whoever was erased; nil where it has nothing of them.
func (i *intaking) without(x *history.Exported, e incident.Entry) *history.Exported {
	if i.who.Nobody() || x.Erased {
		return nil
	}
	at := e.Failure.ReceivedAt
	switch part, _ := i.who.PartIn(e.Failure); part {
	case history.Theirs:
		return x.WithoutPerson()
	case history.Mentions:
		other := *x
		other.Params = make([][2]history.Bytes, len(x.Params))
		for n, p := range x.Params {
			for side, text := range p {
				other.Params[n][side] = history.Bytes(i.who.Without(string(text), at))
			}
		}
		other.Dropped = true
		return &other
	case history.NoPart, history.TheLine:
	}
	return nil
}

func (i *intaking) flush(ctx context.Context) error {
	if len(i.some) == 0 {
		return nil
	}
	report, err := i.importing.Take(ctx, i.some)
	i.some = i.some[:0]
	i.report.New += report.New
	i.report.Known += report.Known
	return err
}

// sourceOf reads NDJSON, or CSV where it begins as such.
func sourceOf(from io.Reader) (source, error) {
	in := bufio.NewReaderSize(from, 64<<10)
	begins, err := in.Peek(1)
	if errors.Is(err, io.EOF) {
		return &jsonSource{in: in}, nil // nothing at all
	}
	if err != nil || begins[0] == '{' {
		return &jsonSource{in: in}, err
	}
	rows := csv.NewReader(in)
	rows.ReuseRecord = true
	header, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("line 1: %w: it is neither NDJSON nor CSV", err)
	}
	column, err := history.CSVColumn(header)
	if err != nil {
		return nil, fmt.Errorf("line 1: %w", err)
	}
	return &csvSource{rows: rows, column: column}, nil
}

type jsonSource struct {
	in   *bufio.Reader
	line int
	room []byte
}

func (s *jsonSource) next() (*history.Exported, int, error) {
	s.line++
	s.room = s.room[:0]
	for {
		piece, err := s.in.ReadSlice('\n')
		s.room = append(s.room, piece...)
		switch {
		case len(s.room) > history.MostExported:
			return nil, s.line, fmt.Errorf("it is longer than %d MB", history.MostExported>>20)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(s.room) == 0:
			return nil, s.line, io.EOF
		case errors.Is(err, io.EOF):
			return nil, s.line, errors.New("it is cut short: its end is missing")
		case err != nil:
			return nil, s.line, err
		}
		x, err := history.ReadExported(bytes.TrimRight(s.room, "\r\n"))
		return x, s.line, err
	}
}

type csvSource struct {
	rows   *csv.Reader
	column int
}

func (s *csvSource) next() (x *history.Exported, line int, err error) {
	row, err := s.rows.Read()
	if err != nil {
		if e, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, e.StartLine, e.Err
		}
		return nil, 0, err
	}
	line, _ = s.rows.FieldPos(0)
	x, err = history.ReadExportedCSV(row, s.column)
	return x, line, err
}
