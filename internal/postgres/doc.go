// Package postgres is how every service reaches its database: one PostgreSQL
// database, in it one schema and one login role a service.
//
// [Bootstrap] creates roles, schemas and extensions, [Migrate] brings a schema up
// to date, [Open] logs in as the service's own role, which can read and write the
// tables of its schema and nothing else. Transactions are closures ([DB.InTx])
// that are repeated as a whole when PostgreSQL asks for it.
//
// The connections of a pool notice by themselves what ails them: a server that drops them, becomes read-only, hangs or
// vanishes. What is certain to have changed nothing then runs again on another connection: reads, statements that were
// not sent, and transactions up to their commit (see [DB.InTx]). A write whose result is unknown never does.
//
// GORM is used without its own retry, error translation, prepared statements and
// implicit transactions; SQLSTATE is matched by type (see [SQLState]).
// Stores use its plain API, not gorm.G: the compiler would generate the code of that
// again for each type of row, which is 500 kB of object code each.
package postgres
