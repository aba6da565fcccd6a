package resource

import (
	"time"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

const (
	// maxKinds is how many kinds of resources a salon has at most.
	maxKinds = 50
	// maxConflicts is how many appointments, and how many group sessions, an answer names at most.
	maxConflicts = 100
)

// Kind is a kind of chairs, rooms or devices.
type Kind struct {
	// ID is a UUIDv7, SalonID the salon.
	ID, SalonID string
	// Name is unique among the kinds of the salon that are not deleted, without regard to case.
	Name string
	// CreateTime is when the kind was made.
	CreateTime time.Time
}

// Resource is a chair, a room or a device.
type Resource struct {
	// ID is a UUIDv7, SalonID the salon, KindID the kind.
	ID, SalonID, KindID string
	// Name is unique among the resources of the salon that are not deleted, without regard to case.
	Name string
	// Active reports whether the resource can be booked.
	Active bool
	// Version counts the changes, from 1, including the deletion.
	Version int64
	// CreateTime and UpdateTime are when the resource was made and last changed.
	CreateTime, UpdateTime time.Time
}

// Closure is when a resource cannot be used: [Start, End). Closures of a resource may overlap.
type Closure struct {
	// ID is a UUIDv7, SalonID the salon, ResourceID the resource.
	ID, SalonID, ResourceID string
	// Start and End are whole minutes.
	Start, End time.Time
	// Note is for staff only, and may be empty.
	Note string
	// CreateTime is when the closure was made.
	CreateTime time.Time
}

// check returns INVALID_FIELDS unless a closure is whole minutes, ends after it starts, and lasts a year at most.
func (c Closure) check() error {
	const wholeMinute = "must be a whole minute"
	switch {
	case !civil.IsWholeMinute(c.Start):
		return apierr.InvalidField("start_time", wholeMinute)
	case !civil.IsWholeMinute(c.End):
		return apierr.InvalidField("end_time", wholeMinute)
	case !c.End.After(c.Start):
		return apierr.InvalidField("end_time", "must be after start_time")
	case c.End.After(c.Start.AddDate(1, 0, 0)):
		return apierr.InvalidField("end_time", "must be at most a year after start_time")
	}
	return nil
}

// Impact is what has a resource that cannot be used: appointments and group sessions, also those in which nobody has a place. Both are by start, with
// one more than an answer names at most.
type Impact struct{ Appointments, Sessions []Conflict }

// Conflict is an appointment or a group session that has a resource which cannot be used.
type Conflict struct {
	// ID and Version are those of the appointment or the session.
	ID      string
	Version int64
	// Start and End are when it takes place.
	Start, End time.Time
	// MasterIDs are the masters of the segments that have the resource, or that of the session.
	MasterIDs []string
}
