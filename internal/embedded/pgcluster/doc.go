// Package pgcluster runs a private PostgreSQL server from the binaries that are
// installed on the machine: the one behind `salon dev`, and the throwaway ones
// of the tests.
//
// A cluster lives in one directory and belongs to one process at a time. It
// listens on a Unix socket, over TCP only when asked, and admits nobody without a
// password (SCRAM). Started by root, the server runs as the system's user
// postgres or nobody, because PostgreSQL refuses to run as root.
//
// When the process that started a server dies, however suddenly, Linux sends the
// server a signal to shut down. Elsewhere it keeps running, and the next Start
// says so.
package pgcluster
