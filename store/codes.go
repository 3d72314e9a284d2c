package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/backstop-project/backstop/incident"
)

// selectCodes counts an incident's failures by their code, in its days only: counts are
// kept for ever, and a cause may have had many incidents.
const selectCodes = `
	SELECT o.code, SUM(k.failures)
	FROM incidents AS i
	CROSS JOIN origins AS o ON o.cause_id = i.cause_id
	CROSS JOIN by_day AS k ON k.origin_id = o.id
	WHERE i.id = ?1
	  AND k.day BETWEEN i.opened_at / 86400000 AND i.last_at / 86400000
	  AND k.incident_id = i.id
	GROUP BY o.code`

// codesOf are the error codes of an incident's failures, the most frequent first;
// none where all have the same. It costs the counts of its days, not its failures.
func codesOf(ctx context.Context, q querier, id int64) ([]incident.CodeCount, error) {
	rows, err := q.QueryContext(ctx, selectCodes, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []incident.CodeCount
	for rows.Next() {
		var c incident.CodeCount
		if err := rows.Scan(&c.Code, &c.Failures); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if len(all) < 2 {
		return nil, rows.Err()
	}
	slices.SortFunc(all, func(a, b incident.CodeCount) int {
		return cmp.Or(cmp.Compare(b.Failures, a.Failures), cmp.Compare(a.Code, b.Code))
	})
	return all[:min(len(all), incident.MostCodes)], rows.Err()
}
