package salontest

import "syscall"

// attributes start the program in a group of its own, and stop it when the test's process dies without doing so.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
