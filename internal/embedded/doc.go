// Package embedded runs the servers that `salon dev` needs inside or beside the
// process: a private PostgreSQL cluster made of the installed binaries, a NATS
// server with JetStream on disk, and a Redis that lives in memory.
//
// Whatever is kept on disk is kept durably; the development servers lose nothing
// that the production ones would keep.
package embedded
