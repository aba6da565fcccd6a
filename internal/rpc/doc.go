// Package rpc has the servers of Salon's services and the connections between them. Every server has the same chain of
// interceptors. A connection behaves the same whether the other service runs in this process or in another one.
//
// The server side is [NewServer] and [NewInterceptors], the client side is [Conns]. The contract states the policy of
// each method (salon.api.v1.policy); [CheckPolicies] finds methods without one.
package rpc
