package store

import (
	"context"

	"github.com/backstop-project/backstop/incident"
)

// codesOf are the error codes of an incident's failures, the most frequent first;
// none where all have the same. It costs the counts of its days, not its failures.
func codesOf(ctx context.Context, q querier, id int64) ([]incident.CodeCount, error) {
	rows, err := q.QueryContext(ctx, `
		SELECT o.code, SUM(k.failures) AS failures
		FROM origins AS o
		CROSS JOIN by_day AS k ON k.origin_id = o.id
		WHERE o.cause_id = (SELECT cause_id FROM incidents WHERE id = ?1)
		  AND k.incident_id = ?1
		GROUP BY o.code
		ORDER BY failures DESC, o.code
		LIMIT ?2`, id, incident.MostCodes)
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
		all = nil
	}
	return all, rows.Err()
}
