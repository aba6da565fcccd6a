package pgcluster

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// capSearch is CAP_DAC_READ_SEARCH (capabilities(7)): the right to read files and enter directories regardless of
// the permission bits.
const capSearch = 2

// attributes start a process in its own group, so that Ctrl-C in a terminal reaches only us. The kernel sends the
// process deathSignal when the thread that started it ends.
func (a account) attributes(deathSignal syscall.Signal) *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Credential: a.credential, Setpgid: true, Pdeathsig: deathSignal}
	if a.searchAll {
		attributes.AmbientCaps = []uintptr{capSearch}
	}
	return attributes
}

// canGrantSearch reports whether this process has capSearch and can pass it on: root has it, except in most
// containers.
func canGrantSearch() bool {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "CapPrm:"); ok {
			permitted, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
			return err == nil && permitted&(1<<capSearch) != 0
		}
	}
	return false
}
