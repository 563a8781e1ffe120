package main

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

// dontNeed is POSIX_FADV_DONTNEED.
const dontNeed = 4

// evict asks the kernel to drop a file from the page cache and returns the
// share of it that is there all the same.
func evict(path string) (cached float64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if _, _, errno := syscall.Syscall6(syscall.SYS_FADVISE64, f.Fd(), 0, 0, dontNeed, 0, 0); errno != 0 {
		return 0, fmt.Errorf("posix_fadvise %s: %w", path, errno)
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	// A mapping that nothing reads puts no page into the cache.
	m, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return 0, fmt.Errorf("map %s: %w", path, err)
	}
	defer syscall.Munmap(m)
	pages := make([]byte, (len(m)+os.Getpagesize()-1)/os.Getpagesize())
	if _, _, errno := syscall.Syscall(syscall.SYS_MINCORE, uintptr(unsafe.Pointer(&m[0])), uintptr(len(m)), uintptr(unsafe.Pointer(&pages[0]))); errno != 0 {
		return 0, fmt.Errorf("mincore %s: %w", path, errno)
	}
	there := 0
	for _, p := range pages {
		there += int(p & 1)
	}
	return float64(there) / float64(len(pages)), nil
}
