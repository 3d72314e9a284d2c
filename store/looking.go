package store

import (
	"context"
	"database/sql"
	"slices"

	"github.com/backstop-project/backstop/history"
)

// manyInOne is how many failures of a stretch are many: its newest are asked for then.
const manyInOne = 128

// looking goes through stretches, by one index or two.
type looking struct {
	*search
	value   any
	indexes []index // those that may have more
	looked  [2]int  // rows, by each
	found   []hit
	byFirst map[int64]bool // those that the first index has, where there are two
}

// index is one of those that lead to what is looked for.
type index struct {
	by    int
	which string
}

func (l *looking) goesOn(left serials, err error) bool {
	return err == nil && left.first <= left.last && len(l.found) <= l.limit && l.stopped == 0
}

// isNew says whether the other index did not have it before: somebody may have called
// their own number.
func (l *looking) isNew(by int, h hit) bool {
	if by == 0 && l.sid == nil {
		if l.byFirst == nil {
			l.byFirst = map[int64]bool{}
		}
		l.byFirst[h.serial] = true
	}
	return by == 0 || !l.byFirst[h.serial]
}

// through goes through the stretches of a range until there are enough, or up to one
// that has many. It returns what is left, which begins with a stretch.
func (l *looking) through(ctx context.Context, there serials) (left serials, err error) {
	done := there
	for _, one := range slices.Clone(l.indexes) {
		if done.first > done.last {
			break
		}
		r := run{looking: l, by: one.by}
		if err := l.each(ctx, l.inOrder(fromNewest, fromOldest)+eachStretch+one.which, l.throughArguments(done), r.take); err != nil {
			return left, err
		}
		switch {
		case r.stopped:
			done = l.before(done, r.stretch)
		case !r.any && done == there:
			l.indexes = slices.DeleteFunc(l.indexes, func(other index) bool { return other == one })
		}
	}
	l.found = slices.DeleteFunc(l.found, func(h hit) bool { return there.have(h.serial) && !done.have(h.serial) })
	return l.behind(there, done), nil
}

// run is a statement that goes through stretches.
type run struct {
	*looking
	by      int
	any     bool  // something was found
	stretch int64 // where it is
	in      int   // rows of that stretch
	stopped bool  // before that stretch
}

func (r *run) take(h hit, asked bool) (more bool) {
	if n := h.serial >> stretchBits; !r.any || n != r.stretch {
		r.any, r.stretch, r.in = true, n, 0
		r.stopped = len(r.found) > r.limit
	}
	r.in++
	r.looked[r.by]++
	r.stopped = r.stopped || r.in > manyInOne || r.looked[r.by] >= history.MaxLooked
	if !r.stopped && asked && r.isNew(r.by, h) {
		r.found = append(r.found, h)
	}
	return !r.stopped
}

// before is the part of a range before a stretch, in the page's direction.
func (l *looking) before(r serials, stretch int64) serials {
	if l.newer {
		return serials{r.first, stretch<<stretchBits - 1}
	}
	return serials{(stretch + 1) << stretchBits, r.last}
}

// behind is the part of a range behind another one, in the page's direction.
func (l *looking) behind(r, done serials) serials {
	if l.newer {
		return serials{max(r.first, done.last+1), r.last}
	}
	return serials{r.first, min(r.last, done.first-1)}
}

func (r *serials) have(serial int64) bool { return r.first <= serial && serial <= r.last }

// intoOne looks into the first stretch of a range until there is a page, or enough was
// looked at: what the other index has beyond that is for the next page. It returns what
// is left.
func (l *looking) intoOne(ctx context.Context, there serials) (left serials, err error) {
	stretch := there.last >> stretchBits
	if l.newer {
		stretch = there.first >> stretchBits
	}
	within := serials{max(stretch<<stretchBits, there.first), min((stretch+1)<<stretchBits-1, there.last)}
	left = l.behind(there, within)
	for _, one := range l.indexes {
		most := len(l.found) + l.limit
		err := l.each(ctx, oneStretch+one.which+inSerials+l.direction(), l.oneArguments(within, stretch), func(h hit, asked bool) (more bool) {
			if asked && l.isNew(one.by, h) {
				l.found = append(l.found, h)
			}
			if l.looked[one.by]++; l.looked[one.by] < history.MaxLooked {
				return len(l.found) <= most
			}
			if l.stopped = h.serial; l.newer {
				within.last = h.serial
			} else {
				within.first = h.serial
			}
			return false
		})
		if err != nil {
			return left, err
		}
	}
	if l.stopped != 0 {
		left = l.behind(there, within)
		l.found = slices.DeleteFunc(l.found, func(h hit) bool { return left.have(h.serial) })
	}
	return left, nil
}

// oneArguments are those of a statement that looks into one stretch.
func (l *looking) oneArguments(within serials, stretch int64) []any {
	args := append(l.arguments(within), stretch, l.value)
	if l.sid != nil {
		args = append(args, l.number)
	}
	return args
}

// throughArguments are those of a statement that goes through all stretches of a range.
func (l *looking) throughArguments(within serials) []any {
	from, to := within.last>>stretchBits, within.first>>stretchBits
	if l.newer {
		from, to = to, from
	}
	return append(l.arguments(within), from, l.value, l.number, to)
}

// each goes through what a statement finds while there is to be more. Statements
// are many: that the driver watches for the end of ctx would cost more than most
// of them take.
func (l *looking) each(ctx context.Context, query string, args []any, do func(h hit, asked bool) (more bool)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	rows, err := l.view.QueryContext(context.WithoutCancel(ctx), query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var id sql.RawBytes // its beginning
	var asked bool
	for rows.Next() {
		var h hit
		if err := rows.Scan(&h.serial, &id, &h.channel, &asked); err != nil {
			return err
		}
		h.at = millisIn(id)
		if !do(h, asked) {
			break
		}
	}
	return rows.Err()
}
