// Package rating keeps what customers say of masters.
//
// It owns the ratings, one for each master of an appointment, and each master's summary of them. A projection of
// appointments says who may rate whom. The events of appointments feed it; when it does not decide, the appointment service
// is asked.
//
// A change of a rating, the master's new summary and the event of the change commit together. The summary is the aggregate
// of the events: its version grows with each of them.
//
//	rating.go       what can be done with a rating, and until when
//	appointment.go  who may rate which master of an appointment
//	summary.go      how a summary follows from ratings
//	errors.go       the errors that callers see
package rating
