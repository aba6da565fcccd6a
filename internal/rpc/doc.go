// Package rpc is how Salon's services call each other and are called: one chain of interceptors for every server, and
// connections that cannot be told apart whether the other service runs in this process or in another one.
//
// The server's side is [NewServer] and [NewInterceptors], the client's side is [Conns]. What a method demands of its
// caller stands in the contract (salon.api.v1.policy); [CheckPolicies] makes sure that it does.
package rpc
