// Package user is the service that knows people. It owns
//
//   - accounts: who may sign in, and with which platform role ([Account]);
//   - sessions: who is signed in on which device, and the refresh tokens ([Session]);
//   - masters: the public profiles of those who perform services ([Master]);
//   - members: who works in which salon, and as what ([Member]), and the
//     invitations to become one ([Invitation]).
//
// The service signs access tokens and answers the other services when they ask
// about a person. It keeps three projections of their data: the sum of each
// master's ratings, who offers which service, and the salons.
//
// Where the rules are:
//
//   - account.go: roles, the lock, the last administrator; password.go: weak passwords;
//   - session.go: rotation and reuse of refresh tokens; login.go: how many sign-ins may
//     fail, and where that does not lock an owner out;
//   - master.go: profiles, and that a master works in one salon at a time;
//   - member.go, invitation.go: roles in a salon; member_store.go keeps roles and
//     profiles in step; member_handler.go says who may see and change members;
//   - removal.go: nobody can book a person once the removing call has returned;
//   - erasure.go: what is removed of a person, here and by the other services;
//     erasure_work.go completes it, export.go shows what is kept;
//   - salon.go: the salons, by event and by question.
//
// The *_handler.go files answer calls. The *_store.go files talk to PostgreSQL.
package user
