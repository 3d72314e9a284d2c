package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
)

// doors are sockets that were open before we started; nil for none.
type doors struct{ public, admin net.Listener }

// inherited are the sockets that a service manager has opened for us and keeps
// open while we start again, so that callers wait in their queue meanwhile, and
// none is refused. systemd says how they are handed over: as descriptors from 3
// on, LISTEN_FDS of them, for the process LISTEN_PID, with names in LISTEN_FDNAMES.
// https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
//
// The one named "admin", else the second one, is ADMIN_LISTEN's.
func inherited(getenv func(string) string, admin bool) (doors, error) {
	count, err := handedOver(getenv)
	if err != nil || count == 0 {
		return doors{}, err
	}
	most := 1
	if admin {
		most = 2
	}
	if count > most {
		return doors{}, fmt.Errorf("LISTEN_FDS: %d sockets for %d ports: give one for LISTEN, and a second one only with ADMIN_LISTEN", count, most)
	}
	second := 1
	if at := slices.Index(strings.Split(getenv("LISTEN_FDNAMES"), ":"), "admin"); admin && at >= 0 {
		second = at
	}
	var d doors
	for n := range count {
		l, err := listenerOf(firstHandedOver + n)
		if err != nil {
			return doors{}, err
		}
		if n == second {
			d.admin = l
		} else {
			d.public = l
		}
	}
	return d, nil
}

// firstHandedOver is SD_LISTEN_FDS_START.
const firstHandedOver = 3

// handedOver is how many sockets are ours; none where they are another process's,
// from which we only have the environment.
func handedOver(getenv func(string) string) (int, error) {
	if getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return 0, nil
	}
	count, err := strconv.Atoi(getenv("LISTEN_FDS"))
	if err != nil || count < 0 {
		return 0, fmt.Errorf("LISTEN_FDS: %q is no number of sockets: it is for the service manager to set", getenv("LISTEN_FDS"))
	}
	return count, nil
}

func listenerOf(descriptor int) (net.Listener, error) {
	file := os.NewFile(uintptr(descriptor), "socket "+strconv.Itoa(descriptor))
	l, err := net.FileListener(file)
	if err != nil {
		err = fmt.Errorf("LISTEN_FDS: descriptor %d is no socket that listens: %w: use ListenStream= in the unit", descriptor, err)
	}
	return l, errors.Join(err, file.Close()) // the listener has a descriptor of its own
}
