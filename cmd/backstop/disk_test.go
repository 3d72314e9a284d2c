package main

import (
	"os"
	"syscall"
)

// smallDisk names the folder in which the program, as a test's own process,
// mounts a disk of diskSize.
const (
	smallDisk = "BACKSTOP_TESTS_SMALL_DISK"
	diskSize  = "size=300m"
)

// mountSmallDisk is called in a mount namespace of its own.
func mountSmallDisk(folder string) {
	if err := syscall.Mount("backstop-tests", folder, "tmpfs", 0, diskSize); err != nil {
		panic(err)
	}
	_ = os.Unsetenv(smallDisk)
}
