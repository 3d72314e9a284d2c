package history

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// csvRecord is the column that has the whole line of an export, in base64: no
// separator and no formula is in it. The others are for people.
const csvRecord = "record"

// CSVHeader are the columns of an export for spreadsheets.
func CSVHeader() []string {
	return []string{
		"received_at", "id", "channel", "sid", "account", "from", "to", "code", "error_url", "incident", "cause",
		"outcome", "situation", "step", "heard", "why", "parameters", "follow_ups", "recordings", csvRecord,
	}
}

// CSV is x as a row of such an export. A cell that a spreadsheet would take for a
// formula has an apostrophe before it. The last one has everything.
func (x *Exported) CSV() ([]string, error) {
	line, err := x.Line()
	if err != nil {
		return nil, err
	}
	var params, ups, recordings []string
	for _, p := range x.Params {
		params = append(params, string(p[0])+"="+string(p[1]))
	}
	for _, u := range x.FollowUps {
		ups = append(ups, timeOf(u.ID).Format(time.RFC3339)+" "+u.Is+" "+string(u.Why))
	}
	for _, r := range x.Recordings {
		recordings = append(recordings, r.SID)
	}
	row := []string{
		x.ReceivedAt.Format(time.RFC3339Nano), x.ID.String(), x.Channel, string(x.SID), string(x.Account), string(x.From), string(x.To),
		number0(int64(x.Code)), string(x.ErrorURL), number0(x.Incident), x.Cause, x.Outcome, x.Answer.Situation, string(x.Answer.Step),
		string(x.Answer.Heard), string(x.Answer.Why), strings.Join(params, "\n"), strings.Join(ups, "\n"), strings.Join(recordings, " "),
	}
	for i, cell := range row {
		row[i] = Harmless(cell)
	}
	return append(row, base64.StdEncoding.EncodeToString(line)), nil
}

func number0(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// Harmless is what somebody wrote, in one line, with an apostrophe before whatever
// a program may take for a formula: at its beginning, and behind a comma, a
// semicolon, a tab or a quote, for where another separator is set than the comma
// its quotes hold nothing together. What cannot be seen is written out.
func Harmless(s string) string {
	s = Visible(strings.ReplaceAll(s, "\r\n", "\n"))
	var b strings.Builder
	starts := true // of what may be a cell
	for _, r := range s {
		switch {
		case r == '\r' || r == '\n':
			b.WriteString(" ⏎ ")
			starts = true
			continue
		case starts && strings.ContainsRune("=+-@＝＋－＠", r), b.Len() == 0 && r == '\t':
			b.WriteByte('\'')
			starts = r == '\t'
		case strings.ContainsRune(",;\t\"", r):
			starts = true
		case !unicode.IsSpace(r):
			starts = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// CSVColumn is where, by the header of an export for spreadsheets, the column is
// that is read.
func CSVColumn(header []string) (int, error) {
	for i, name := range header {
		if strings.TrimPrefix(name, "\uFEFF") == csvRecord {
			return i, nil
		}
	}
	return 0, fmt.Errorf("no column is called %q: it is none that backstop export has written", csvRecord)
}

// ReadExportedCSV reads a row of such an export.
func ReadExportedCSV(row []string, column int) (*Exported, error) {
	if column >= len(row) {
		return nil, errors.New("its last column is missing")
	}
	line, err := base64.StdEncoding.Strict().DecodeString(row[column])
	if err != nil {
		return nil, fmt.Errorf("its last column is not as it was written: %w", err)
	}
	return ReadExported(line)
}
