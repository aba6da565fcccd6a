//go:build unix && !linux

package pgcluster

import "syscall"

// attributes start a process in a group of its own, so that Ctrl-C in a terminal
// reaches only us. Only Linux can tie its life to ours.
func (a account) attributes(syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: a.credential, Setpgid: true}
}

// canGrantSearch tells whether the server could pass directories that shut it out,
// which takes Linux.
func canGrantSearch() bool { return false }
