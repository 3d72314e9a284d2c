package history_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// exportedLine is one with everything in it.
func exportedLine(tb testing.TB) []byte {
	tb.Helper()
	at := time.Date(2026, 11, 23, 3, 12, 0, 0, time.UTC)
	x := history.Exported{
		Form: history.ExportForm, ID: incident.NewID(at), ReceivedAt: at, WrittenAt: at, Channel: "voice", Method: "POST", From: "+4930123456", Code: 11200,
		ErrorURL: "https://www.example.com/\xff", RequestKey: "0123456789abcdef", AgainAfter: incident.NewID(at), Outcome: "saved", Cause: "=1+1",
		Params:     [][2]history.Bytes{{"From", "+4930123456"}, {"ErrorUrl", "https://www.example.com/\xff"}, {"ErrorCode", "11200"}, {"", "\x00\u2028<&>"}},
		Answer:     history.ExportedAnswer{Step: "dial", Situation: "mid-call", Languages: []string{"de"}, Outcome: "told", TookMicro: 12, Document: "<Response/>"},
		FollowUps:  []history.ExportedFollowUp{{ID: incident.NewID(at), What: incident.DialEnded, Is: "dialled", Outcome: "saved", RequestKey: "0123456789abcdef"}},
		Recordings: []history.ExportedRecording{{SID: "RE" + strings.Repeat("0", 32), Account: "AC", At: at, Seconds: 12, Transcript: "hello"}},
	}
	line, err := x.Line()
	if err != nil {
		tb.Fatal(err)
	}
	return line
}

// FuzzImportedLine holds that whatever is read is written the same again, as a line
// and by way of a spreadsheet.
func FuzzImportedLine(f *testing.F) {
	line := exportedLine(f)
	f.Add(line)
	f.Add(bytes.Replace(line, []byte(`"params":`), []byte(`"erased":true,"was":`), 1))
	f.Add([]byte(`{"backstop":1}`))
	f.Add([]byte(`{"backstop":1,"from":{"base64":"//8="}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		x, err := history.ReadExported(line)
		if err != nil {
			return
		}
		first, err := x.Line()
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := history.ReadExported(first)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, first)
		}
		if second, err := again.Line(); err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%v\n%s\nbecomes\n%s", err, first, second)
		}
		e := x.Entry()
		if e.Failure.ID != x.ID || len(x.Returned()) != len(x.FollowUps) || !x.WithoutPerson().Erased {
			t.Errorf("the failure of %s is %s", x.ID, e.Failure.ID)
		}
		judgeCSV(t, x, first)
	})
}

func judgeCSV(t *testing.T, x *history.Exported, line []byte) {
	t.Helper()
	row, err := x.CSV()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.WriteAll([][]string{history.CSVHeader(), row}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	column, err := history.CSVColumn(rows[0])
	if err != nil {
		t.Fatal(err)
	}
	back, err := history.ReadExportedCSV(rows[1], column)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := back.Line(); err != nil || !bytes.Equal(got, line) {
		t.Errorf("by way of CSV %s becomes %s, %v", line, got, err)
	}
	for n, cell := range rows[1] {
		if cell != "" && strings.Contains("=+-@\t\r\n|%", cell[:1]) {
			t.Errorf("a spreadsheet would compute %s: %q", rows[0][n], cell)
		}
	}
}
