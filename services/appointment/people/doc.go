// Package people owns the customers of salons and the projections of masters and accounts: what this
// service needs to know of rows that the user service owns.
//
//   - master.go, account.go, customer.go: the types and their rules.
//   - people.go: the root, and what the other packages ask of it.
//   - refresh.go: reading masters and accounts from their owner.
//   - catchup.go: finding what has changed there while events were lost.
//   - events.go: the consumers that start a refresh.
//   - customer_handler.go: the methods of CustomerService.
//   - memory.go: the customers in memory.
//   - projection_store.go, customer_store.go: the tables masters, accounts and customers.
//   - erasure.go: what becomes of the customers of an account that was erased.
//   - errors.go, convert.go: sentinel errors, messages.
//
// Only a refresh writes a projection, under the advisory lock of the master or account. A booking
// takes the same lock before it reads them. So when a refresh has returned, no booking that relies on
// an older state can commit.
package people
