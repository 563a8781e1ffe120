//go:build unix && !linux

package host

import "syscall"

// childAttributes puts a child in a process group of its own. There is no
// parent-death signal here: a child whose Host was killed ends at its next
// poll, when nobody listens any more.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
