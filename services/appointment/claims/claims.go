package claims

import (
	"time"

	"github.com/beauty-salon/platform/internal/id"
)

// Kind is the kind of a claim's subject. The names are those of the column.
type Kind string

// The kinds of subjects.
const (
	Master   Kind = "MASTER"
	Customer Kind = "CUSTOMER"
	Resource Kind = "RESOURCE"
)

// Claim is a range of a subject's time, [From, To).
type Claim struct {
	// ID is a UUIDv7.
	ID string
	// SubjectID is the master, customer or resource whose time it is.
	SubjectID string
	// Kind is what the subject is.
	Kind Kind
	// SegmentID is the segment that owns the claim; empty for that of a hold, a group session or freed time.
	SegmentID string
	// From is inclusive, To exclusive.
	From, To time.Time
	// ExpireTime is until when the claim of a hold counts; zero for others.
	ExpireTime time.Time
	// Kept is set for freed time that is kept until the waitlist was asked. The appointment is then the freed time.
	Kept bool
	// Blocking is false for time that is overbooked on purpose: of a customer who wants two appointments at once, of a master or a resource
	// that staff have given more than one.
	Blocking bool
}

// New returns a blocking claim.
func New(kind Kind, subjectID, segmentID string, from, to time.Time) Claim {
	return Claim{ID: id.New(), SubjectID: subjectID, Kind: kind, SegmentID: segmentID, From: from, To: to, Blocking: true}
}

// Overlaps reports whether two claims are of the same subject and share time. A master and a customer
// with the same id are two subjects.
func (c Claim) Overlaps(other Claim) bool {
	return c.Kind == other.Kind && c.SubjectID == other.SubjectID && c.From.Before(other.To) && other.From.Before(c.To)
}
