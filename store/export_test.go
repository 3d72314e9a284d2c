package store

import (
	"context"
	"fmt"

	"github.com/backstop-project/backstop/history"
)

// Searches are the statements that Failures may run, as they run, for the test
// of their plans.
func Searches() map[string]string {
	searches := map[string]string{}
	for name, query := range map[string]string{
		"all": searchAll, "origin": searchOrigin, "origin within times": searchOriginThen,
		"sid": oneStretch + ofSID + inSerials, "from": oneStretch + ofFrom + inSerials, "to": oneStretch + ofTo + inSerials,
	} {
		searches[name+", newest first"] = query + newestFirst
		searches[name+", oldest first"] = query + oldestFirst
	}
	for name, which := range map[string]string{"a SID": ofSID, "a caller": ofFrom, "a line": ofTo} {
		searches[name+" in all stretches, newest first"] = fromNewest + eachStretch + which
		searches[name+" in all stretches, oldest first"] = fromOldest + eachStretch + which
	}
	searches["a part of a minute"] = placesPartly
	searches["places"], searches["leading origins"] = placesWithin, fmt.Sprintf(leadingOrigins, "DESC")
	searches["stretches of a number"] = stretchesOfNumber
	searches["rows"], searches["codes"] = selectRows, selectCodes
	searches["one failure"] = selectFailure
	searches["retry"] = findRequest
	for name, q := range map[string]history.Query{"all": {}, "a code": {Code: 11200}, "a host": {Host: "a.example"}, "an incident": {Incident: 1}} {
		searches["minutes of "+name], _ = sumQuery(q, byMinute)
		searches["days of "+name], _ = sumQuery(q, byDay)
	}
	searches["tries of callers"], searches["callbacks of callers"] = selectTries, selectCallbacks
	searches["lines of callers"], searches["messages of callers"], searches["recordings of callers"] = selectParties, selectParams, selectRecordings
	searches["replays that count"], searches["servers that are stopped"], searches["next replay"] = countReplays, selectStopped, nextReplay
	return searches
}

// StretchBits is the length of a stretch of serial numbers.
const StretchBits = stretchBits

// Synchronous is the pragma as the connection that writes has it: 2 is FULL.
func (l *Ledger) Synchronous(ctx context.Context) (int64, error) {
	return integer(ctx, l.conn, "PRAGMA synchronous")
}

// Synchronous likewise.
func (j *Journal) Synchronous(ctx context.Context) (int64, error) {
	return integer(ctx, j.write, "PRAGMA synchronous")
}
