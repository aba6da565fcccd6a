package booking

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
	"github.com/beauty-salon/platform/services/appointment/people"
)

// column is a column of rows that createSQL gets as an array.
type column[Row any] struct {
	name, typ string
	values    func([]Row) any
}

// columns are the arrays that are rows together.
type columns[Row any] []column[Row]

// arrayOf is a column with this name and this type of PostgreSQL.
func arrayOf[Row, T any](name, typ string, value func(Row) T) column[Row] {
	return column[Row]{name, typ, func(rows []Row) any { return postgres.Column(rows, value) }}
}

// arrays are the parameters, from $first on. A subquery hides the length of an array from the planner, which would otherwise make a new plan for
// every length; planning takes longer than booking.
func (c columns[Row]) arrays(first int) string {
	params := make([]string, len(c))
	for i := range c {
		params[i] = fmt.Sprintf("(SELECT $%d::%s[])", first+i, c[i].typ)
	}
	return strings.Join(params, ", ")
}

// names are those of the columns.
func (c columns[Row]) names() string {
	names := make([]string, len(c))
	for i := range c {
		names[i] = c[i].name
	}
	return strings.Join(names, ", ")
}

// args are the values of the parameters.
func (c columns[Row]) args(rows []Row) []any {
	args := make([]any, len(c))
	for i := range c {
		args[i] = c[i].values(rows)
	}
	return args
}

// The numbers of the parameters of createSQL: the first ones of the arrays, the attempt, and whether the creation is a later one of a series.
var (
	itemsAt    = 1
	segmentsAt = itemsAt + len(itemArrays)
	claimsAt   = segmentsAt + len(segmentArrays)
	guestsAt   = claimsAt + len(claimArrays)
	attemptAt  = guestsAt + len(guestArrays)
	laterAt    = attemptAt + 1
)

// createArgs lays the creations, their segments and their claims out in columns, as createSQL reads them.
func createArgs(attempt string, batch []*creation) []any {
	var segments []newSegment
	var list []newClaim
	var guests []people.Customer
	for i, c := range batch {
		for j := range c.appointment.Segments {
			segments = append(segments, newSegment{int32(i + 1), int32(j), &c.appointment.Segments[j]})
		}
		for _, claim := range c.appointment.claims {
			list = append(list, newClaim{int32(i + 1), claim})
		}
		if c.newCustomer && c.customer.DisplayName != "" {
			guests = append(guests, c.customer)
		}
	}
	later := slices.ContainsFunc(batch, func(c *creation) bool { return c.laterDate }) // one of a series is alone in its batch
	return slices.Concat(itemArrays.args(batch), segmentArrays.args(segments), claimArrays.args(list), guestArrays.args(guests),
		[]any{attempt, later})
}

// newSegment is a segment of the n-th creation of a batch, from 1, with its position in the appointment.
type newSegment struct {
	n, position int32
	*Segment
}

// newClaim is a claim of the n-th creation of a batch, from 1.
type newClaim struct {
	n int32
	claims.Claim
}

// itemArrays are the creations themselves.
var itemArrays = columns[*creation]{
	arrayOf("id", "uuid", func(c *creation) string { return c.appointment.ID }),
	arrayOf("salon_id", "uuid", func(c *creation) string { return c.appointment.SalonID }),
	arrayOf("rules_version", "bigint", func(c *creation) int64 { return c.rulesVersion }),
	arrayOf("customer_id", "uuid", func(c *creation) string { return c.appointment.CustomerID }),
	arrayOf("account_id", "uuid", func(c *creation) *string { return postgres.Null(c.appointment.AccountID) }),
	arrayOf("new_customer", "boolean", func(c *creation) bool { return c.newCustomer }),
	arrayOf("overridden", "boolean", func(c *creation) bool { return c.overridden }),
	arrayOf("state", "text", func(c *creation) string { return string(c.appointment.State) }),
	arrayOf("start_time", "timestamptz", func(c *creation) time.Time { return c.appointment.Start() }),
	arrayOf("end_time", "timestamptz", func(c *creation) time.Time { return c.appointment.End() }),
	arrayOf("time_zone", "text", func(c *creation) string { return c.appointment.TimeZone }),
	arrayOf("utc_offset_minutes", "integer", func(c *creation) int32 { return c.appointment.UTCOffsetMinutes }),
	arrayOf("day_start", "timestamptz", func(c *creation) time.Time { return c.dayStart }),
	arrayOf("day_end", "timestamptz", func(c *creation) time.Time { return c.dayEnd }),
	arrayOf("total_minor", "integer", func(c *creation) int32 { return c.appointment.TotalMinor }),
	arrayOf("currency", "text", func(c *creation) string { return c.appointment.Currency }),
	arrayOf("note", "text", func(c *creation) string { return c.appointment.Note }),
	arrayOf("actor", "text", func(c *creation) string { return string(c.appointment.ChangedBy) }),
	arrayOf("actor_account_id", "uuid", func(c *creation) string { return c.appointment.change.By.AccountID }),
	arrayOf("reason", "text", func(c *creation) string { return c.appointment.change.Reason }),
	arrayOf("create_time", "timestamptz", func(c *creation) time.Time { return c.appointment.CreateTime }),
	arrayOf("event_id", "uuid", func(c *creation) string { return c.event.ID }),
	arrayOf("event_body", "jsonb", func(c *creation) string { return string(c.event.Body) }),
	arrayOf("traceparent", "text", func(c *creation) *string { return postgres.Null(c.traceparent) }),
	arrayOf("caller", "text", func(c *creation) string { return c.request.Caller }),
	arrayOf("method", "text", func(c *creation) string { return c.request.Method }),
	arrayOf("request_id", "uuid", func(c *creation) *string { return postgres.Null(c.request.RequestID) }),
	arrayOf("request_hash", "bytea", func(c *creation) []byte { return c.request.Hash }),
	arrayOf("previous_hash", "bytea", func(c *creation) []byte { return c.request.PreviousHash }),
	arrayOf("request_lock", "bigint", func(c *creation) int64 { return c.request.Lock }),
	arrayOf("response", "bytea", func(c *creation) []byte { return c.response }),
	arrayOf("timeout_time", "timestamptz", func(c *creation) *time.Time { return postgres.Null(c.appointment.TimeoutTime) }),
	arrayOf("lapse_time", "timestamptz", func(c *creation) *time.Time { return postgres.Null(c.appointment.LapseTime) }),
}

// segmentArrays are their segments.
var segmentArrays = columns[newSegment]{
	arrayOf("n", "integer", func(r newSegment) int32 { return r.n }),
	arrayOf("position", "integer", func(r newSegment) int32 { return r.position }),
	arrayOf("id", "uuid", func(r newSegment) string { return r.ID }),
	arrayOf("service_id", "uuid", func(r newSegment) string { return r.ServiceID }),
	arrayOf("service_name", "text", func(r newSegment) string { return r.ServiceName }),
	arrayOf("master_id", "uuid", func(r newSegment) string { return r.MasterID }),
	arrayOf("start_time", "timestamptz", func(r newSegment) time.Time { return r.Start }),
	arrayOf("end_time", "timestamptz", func(r newSegment) time.Time { return r.End }),
	arrayOf("buffer_before", "integer", func(r newSegment) int32 { return int32(r.BufferBefore.Minutes()) }),
	arrayOf("buffer_after", "integer", func(r newSegment) int32 { return int32(r.BufferAfter.Minutes()) }),
	arrayOf("price_minor", "integer", func(r newSegment) int32 { return r.PriceMinor }),
	arrayOf("phases", "jsonb", func(r newSegment) *string { return encodePhases(r.Phases) }),
}

// claimArrays are their claims.
var claimArrays = columns[newClaim]{
	arrayOf("n", "integer", func(r newClaim) int32 { return r.n }),
	arrayOf("id", "uuid", func(r newClaim) string { return r.ID }),
	arrayOf("segment_id", "uuid", func(r newClaim) string { return r.SegmentID }),
	arrayOf("kind", "text", func(r newClaim) string { return string(r.Kind) }),
	arrayOf("subject_id", "uuid", func(r newClaim) string { return r.SubjectID }),
	arrayOf("claim_from", "timestamptz", func(r newClaim) time.Time { return r.From }),
	arrayOf("claim_to", "timestamptz", func(r newClaim) time.Time { return r.To }),
	arrayOf("blocking", "boolean", func(r newClaim) bool { return r.Blocking }),
}

// guestArrays are the new customers whom staff have given a name.
var guestArrays = columns[people.Customer]{
	arrayOf("id", "uuid", func(c people.Customer) string { return c.ID }),
	arrayOf("display_name", "text", func(c people.Customer) string { return c.DisplayName }),
	arrayOf("phone", "text", func(c people.Customer) string { return c.Phone }),
	arrayOf("search_text", "text", people.Customer.SearchText),
}
