// Package failpoint lets crash tests end the process at chosen places.
//
// An ordinary build contains no failpoints: [Hit] is an empty function. In a binary built with `-tags failpoint`,
// the environment variable SALON_FAILPOINT names the place where the process ends itself with SIGKILL. Deferred
// functions do not run and connections are not closed.
package failpoint

// The places. Tests use these names, so that a test of a renamed place fails to compile.
const (
	// RelayBeforePublish is after the transaction that wrote an event has
	// committed and before the relay publishes it.
	RelayBeforePublish = "relay.before-publish"
	// RelayAfterPublish is after the broker has acknowledged an event and before
	// the relay marks it as published.
	RelayAfterPublish = "relay.after-publish"
	// ConsumerAfterCommit is after a consumer's transaction has committed and
	// before the message is acknowledged.
	ConsumerAfterCommit = "consumer.after-commit"
	// ErasureAfterCommit is after the account is erased and before another service
	// is told.
	ErasureAfterCommit = "erasure.after-commit"
	// ErasureBeforeNote is after a service has erased an account and before that is
	// noted.
	ErasureBeforeNote = "erasure.before-note"
	// WaitlistBeforeOfferCommit is at the end of the transaction that offers a freed time, before it commits.
	WaitlistBeforeOfferCommit = "waitlist.before-offer-commit"
	// WaitlistAfterOfferCommit is after a freed time was offered and before the rest of the line is asked.
	WaitlistAfterOfferCommit = "waitlist.after-offer-commit"
	// WaitlistBeforeEnd is after the line was gone through and before what is left of a freed time is free for everybody.
	WaitlistBeforeEnd = "waitlist.before-end"
)

// EnvironmentVariable names the place that ends the process.
const EnvironmentVariable = "SALON_FAILPOINT"
