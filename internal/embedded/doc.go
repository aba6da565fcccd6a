// Package embedded runs the servers that `salon dev` needs, inside or beside the process: a private PostgreSQL
// cluster from the installed binaries, a NATS server with JetStream on disk, and a Redis in memory.
//
// PostgreSQL and NATS write to the disk as durably as production servers do.
package embedded
