// Package rating keeps what customers say of their visits.
//
// It owns the ratings, one a visit at most, and each master's summary of them. A visit that may be rated is known from
// the events of appointments, which feed the table visits; when that table does not show the visit as completed yet, the
// appointment service is asked.
//
// A change of a rating, the new summary of its master and the event that tells of both commit together. The summary is
// the aggregate of the events: its version grows with every one of them.
package rating
