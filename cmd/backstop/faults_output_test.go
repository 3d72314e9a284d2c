package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/backstop-project/backstop/twilio/sim"
)

func pipe(t *testing.T) (reader, writer *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = reader.Close()
		_ = writer.Close()
	})
	return reader, writer
}

// A log shipper is restarted, a terminal is closed: the next line must not be
// the end of a process that has callers.
func TestALogThatNobodyReadsAnyMoreEndsNothing(t *testing.T) {
	t.Parallel()
	reader, writer := pipe(t)
	copied := make(chan struct{})
	p := spawnAs(t, configured(t), func(p *program, c *exec.Cmd) {
		c.Stderr = writer
		go func() {
			defer close(copied)
			_, _ = io.Copy(p.logged, reader)
		}()
	})
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	<-copied
	for range 5 {
		p.call(sim.Call{})
	}
	if code := p.end(); code != 0 {
		t.Errorf("ended with %d, want 0", code)
	}
}

func TestATerminalThatTakesNothingKeepsNobodyFromStoppingUs(t *testing.T) {
	t.Parallel()
	_, full := pipe(t)
	fill(t, full)
	p := spawnAs(t, configured(t), func(_ *program, c *exec.Cmd) { c.Stdout = full })
	p.call(sim.Call{})
	if code := p.end(); code != 0 {
		t.Errorf("ended with %d, want 0", code)
	}
}

// fill writes into a pipe until it takes no more.
func fill(t *testing.T, pipe *os.File) {
	t.Helper()
	fd := int(pipe.Fd()) // blocking from here on, for whoever inherits it
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	for {
		_, err := unix.Write(fd, make([]byte, 4096))
		if errors.Is(err, unix.EAGAIN) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
}
