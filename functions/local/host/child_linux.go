package host

import "syscall"

// childAttributes puts a child in a process group of its own, so that it and
// what it starts end together and Ctrl-C reaches only the stage, and ties its
// life to ours, also when we are killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
