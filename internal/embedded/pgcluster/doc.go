// Package pgcluster runs a private PostgreSQL server from the binaries that are installed on the machine, for
// `salon dev` and for tests.
//
// A cluster is one directory and belongs to one process at a time. The server listens on a Unix socket, and over
// TCP only when configured. Every connection needs a password (SCRAM). When root starts it, the server runs as the
// user postgres or nobody, because PostgreSQL refuses to run as root.
//
// When the process that started a server dies, Linux sends the server a signal to shut down. On other systems the
// server keeps running, and the next Start reports it.
package pgcluster
