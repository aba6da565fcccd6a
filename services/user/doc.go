// Package user is the service that knows people. It owns
//
//   - accounts: who may sign in, with which role ([Account]);
//   - sessions: who is signed in where, and the refresh tokens ([Session]);
//   - masters: the public profiles of those who perform services ([Master]).
//
// It signs access tokens and tells the other services who somebody is. Of other
// services' facts it keeps two: the sum of each master's ratings, from rating.*,
// and who offers which service, from offering.*.
//
// account.go, session.go and master.go hold the rules, without I/O; the
// *_handler.go files answer calls; the *_store.go files talk to PostgreSQL.
package user
