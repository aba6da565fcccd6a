// Package postgres is how every service reaches its database: one PostgreSQL
// database, in it one schema and one login role a service.
//
// [Bootstrap] creates roles, schemas and extensions, [Migrate] brings a schema up
// to date, [Open] logs in as the service's own role, which can read and write the
// tables of its schema and nothing else. Transactions are closures ([DB.InTx])
// that are repeated as a whole when PostgreSQL asks for it.
//
// GORM is used without its own retry, error translation, prepared statements and
// implicit transactions; SQLSTATE is matched by type (see [SQLState]).
package postgres
