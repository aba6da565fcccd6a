// Package erasure is what services share that erase and export what they keep of a person.
//
// A service that erases has the table erased_accounts. A row says that an account was erased here, and what was
// removed. [Once] erases and writes the row; [Erased] is for whoever writes something that refers to an account, so that
// nothing comes back in an event or a call that was under way. [Export] reads tables for a person who wants to see
// what is kept of them.
package erasure

import (
	"strings"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
)

// Table is something that is kept of people.
type Table struct {
	// Kind is the name of the table.
	Kind string
	// Query selects data, the fields of a row as jsonb, and place, a text that orders the rows. The parameter @account is
	// the account's id.
	Query string
}

// Counts is how much was removed, by kind, in the order of the receipt.
type Counts []Count

// Count is how much of one kind was removed.
type Count struct {
	// Kind is what it is, such as "appointments cancelled".
	Kind string `json:"kind"`
	// Count is how many of them.
	Count int64 `json:"count"`
}

// ToProto returns the counts as the contract has them.
func (c Counts) ToProto() []*apiv1.RemovedCount {
	removed := make([]*apiv1.RemovedCount, len(c))
	for i, n := range c {
		removed[i] = &apiv1.RemovedCount{Kind: n.Kind, Count: int32(min(n.Count, 1<<31-1))}
	}
	return removed
}

// FromProto is the reverse of ToProto.
func FromProto(removed []*apiv1.RemovedCount) Counts {
	counts := make(Counts, len(removed))
	for i, r := range removed {
		counts[i] = Count{Kind: r.GetKind(), Count: int64(r.GetCount())}
	}
	return counts
}

// camel returns the JSON name of a column: "create_time" is "createTime".
func camel(column string) string {
	parts := strings.Split(column, "_")
	for i, p := range parts[1:] {
		if p != "" {
			parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "")
}
