package pgcluster

import "syscall"

// attributes start a process in a group of its own, so that Ctrl-C in a terminal
// reaches only us, and make the kernel send it deathSignal when the thread that
// started it ends.
func (a account) attributes(deathSignal syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: a.credential, Setpgid: true, Pdeathsig: deathSignal}
}
