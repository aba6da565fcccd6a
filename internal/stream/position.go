package stream

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// Position is where a stream stands: the snapshot of the database up to which everything was sent. Transactions commit in
// another order than they begin, so no single number would do. It is the value of PostgreSQL's type pg_snapshot.
type Position struct {
	// Min is the oldest transaction that had not ended. Max is one more than the newest one that had. Open are those in between that had not
	// ended, ascending.
	Min, Max uint64
	Open     []uint64
}

var errPosition = errors.New("not a snapshot of PostgreSQL")

// parsePosition reads the text of a pg_snapshot: "min:max:open,open".
func parsePosition(text string) (Position, error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return Position{}, errPosition
	}
	var p Position
	var errs [2]error
	p.Min, errs[0] = strconv.ParseUint(parts[0], 10, 64)
	p.Max, errs[1] = strconv.ParseUint(parts[1], 10, 64)
	if err := errors.Join(errs[:]...); err != nil {
		return Position{}, errors.Join(errPosition, err)
	}
	if parts[2] == "" {
		return p, nil
	}
	for part := range strings.SplitSeq(parts[2], ",") {
		xid, err := strconv.ParseUint(part, 10, 64)
		if err != nil {
			return Position{}, errors.Join(errPosition, err)
		}
		p.Open = append(p.Open, xid)
	}
	return p, nil
}

// String is the text that PostgreSQL reads.
func (p Position) String() string {
	var b strings.Builder
	b.WriteString(strconv.FormatUint(p.Min, 10) + ":" + strconv.FormatUint(p.Max, 10) + ":")
	for i, xid := range p.Open {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatUint(xid, 10))
	}
	return b.String()
}

// Includes reports whether a transaction that has committed is visible in the snapshot.
func (p Position) Includes(xid uint64) bool {
	if xid < p.Min {
		return true
	}
	if xid >= p.Max {
		return false
	}
	_, open := slices.BinarySearch(p.Open, xid)
	return !open
}

// covers reports whether everything that other includes is included here too: other is no newer.
func (p Position) covers(other Position) bool {
	if other.Max > p.Max {
		return false
	}
	for _, xid := range p.Open {
		if xid < other.Max && other.Includes(xid) {
			return false
		}
	}
	return true
}

// without is the snapshot in which some transactions are not visible.
func (p Position) without(xids []uint64) Position {
	if len(xids) == 0 {
		return p
	}
	p.Open = append(slices.Clone(p.Open), xids...)
	slices.Sort(p.Open)
	p.Open = slices.Compact(p.Open)
	p.Min = min(p.Min, p.Open[0])
	return p
}

// maxOpen bounds the length of a position's text.
const maxOpen = 100

// short is an older position with a short text: a stream that resumes there may get again what it has already, and misses nothing.
func (p Position) short() Position {
	if len(p.Open) <= maxOpen {
		return p
	}
	return Position{Min: p.Min, Max: p.Min}
}
