//go:build linux || darwin

package live

import (
	"os"
	"syscall"
	"unsafe"
)

// foreground reports whether this process belongs to the group that has the terminal. Another one is stopped when it changes the
// terminal's mode.
func foreground(tty *os.File) bool {
	var group int32
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, tty.Fd(), syscall.TIOCGPGRP, uintptr(unsafe.Pointer(&group)))
	return errno != 0 || int(group) == syscall.Getpgrp()
}

// readable reports whether the terminal was opened for reading too, as a shell's 2>/dev/tty does not.
func readable(tty *os.File) bool {
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, tty.Fd(), syscall.F_GETFL, 0)
	return errno == 0 && flags&syscall.O_ACCMODE == syscall.O_RDWR
}
