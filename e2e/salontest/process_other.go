//go:build !linux

package salontest

import "syscall"

// attributes start the program in a group of its own.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
