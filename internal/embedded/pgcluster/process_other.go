//go:build unix && !linux

package pgcluster

import "syscall"

// attributes start a process in its own group, so that Ctrl-C in a terminal reaches only us. Only Linux can end it
// when we end.
func (a account) attributes(syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: a.credential, Setpgid: true}
}

// canGrantSearch reports whether the server can enter directories without permission. Only Linux supports that.
func canGrantSearch() bool { return false }
