package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// fail has the kernel find an error in the file system: ext4 is made read-only by it
// under whoever has files open there, XFS does nothing any more.
// https://www.kernel.org/doc/Documentation/ABI/testing/sysfs-fs-ext4
func (d *device) fail(p *program, fileSystem string) {
	d.t.Helper()
	if fileSystem == "xfs" {
		d.goDown(p.dir)
		return
	}
	loop, _, _ := strings.Cut(d.run("losetup", "-j", d.image), ":")
	if err := os.WriteFile(filepath.Join("/sys/fs/ext4", filepath.Base(loop), "trigger_fs_error"), []byte("1"), 0); err != nil {
		d.t.Fatal(err)
	}
}

// inside runs a command where p has the disk.
func (d *device) inside(p *program, name string, args ...string) {
	d.t.Helper()
	d.run("nsenter", append([]string{"--mount", "--target", strconv.Itoa(p.process.Pid), name}, args...)...)
}

// repair does what is left to whoever has such a disk: no kernel makes it writable
// again. Under p nothing is written into the folder beneath meanwhile. A disk that is
// moved comes back under another number, as one does that was taken out.
func (d *device) repair(p *program, fileSystem string, moved bool) {
	d.t.Helper()
	d.inside(p, "umount", "--lazy", d.env["DATA_DIR"])
	d.awaitFree()
	if left, err := os.ReadDir(p.dir); err != nil || len(left) > 0 {
		d.t.Errorf("it made %v in the empty folder (%v)", left, err)
	}
	if fileSystem == "ext4" { // XFS does it by itself
		d.run("sh", "-c", `e2fsck -p "$0" || [ $? = 1 ]`, d.image) // 1: errors were corrected
	}
	if moved {
		d.occupy()
	}
	d.inside(p, "mount", "-o", "loop", d.image, d.env["DATA_DIR"])
}

// occupy takes the device that nobody has any more, so that the disk comes back
// as another one.
func (d *device) occupy() {
	d.t.Helper()
	other := filepath.Join(d.t.TempDir(), "other")
	if err := errors.Join(os.WriteFile(other, nil, 0o600), os.Truncate(other, 1<<20)); err != nil {
		d.t.Fatal(err)
	}
	loop := strings.TrimSpace(d.run("losetup", "--find", "--show", other))
	d.t.Cleanup(func() { _ = exec.Command("losetup", "--detach", loop).Run() })
}

func TestADiskThatTheKernelMadeReadOnlyIsRepairedWithoutARestart(t *testing.T) {
	t.Parallel()
	needs(t, "e2fsck", "nsenter", "umount")
	for fileSystem, options := range map[string][]string{"ext4": {"-e", "remount-ro"}, "xfs": nil} {
		t.Run(fileSystem, func(t *testing.T) {
			t.Parallel()
			failAndRepair(t, fileSystem, long(t, 2, 20), options...)
		})
	}
}

// failAndRepair has a disk fail under load so often, and come back.
func failAndRepair(t *testing.T, fileSystem string, rounds int, options ...string) {
	t.Helper()
	mails := newMailServer(t)
	d := newDevice(t, fileSystem, options...)
	d.env = d.env.with(mails.settings())
	p := d.spawn()
	var answered []string
	unwritten := 0
	for round := range rounds {
		answered = append(answered, p.awaitWritten().SID)
		p.settle()
		l := p.callersEvery(10*time.Millisecond, 2)
		l.reached(t, 50)
		d.fail(p, fileSystem)
		if round == 0 { // it is told again only after a while
			mails.await(t, 2*soon, "Failures cannot be written down")
		}
		l.reached(t, l.placed.Load()+100)
		d.repair(p, fileSystem, round%2 == 1)
		answered = append(answered, p.awaitWritten().SID)
		l.stop(t)
		if len(l.silent) > 0 {
			t.Errorf("%d of %d calls got no answer", len(l.silent), len(l.asked))
		}
		for _, r := range l.asked {
			answered = append(answered, r.Params.Value("CallSid"))
		}
		unwritten += len(l.asked) - len(l.written)
	}
	if unwritten < 50*rounds {
		t.Errorf("only %d answers say written=no: the disk could be written to", unwritten)
	}
	eventually(t, 4*soon, "nothing is degraded", func() bool {
		return strings.Contains(p.visitor().get("/healthz").source, `"degraded":[]`)
	})
	p.settle()
	if code := p.end(); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	copied := d.copied()
	judgeStored(t, copied, answered)
	judgeIntact(t, filepath.Join(copied, journalFile), filepath.Join(copied, ledgerFile))
	count(t, "%d times failed, %d calls, %d of them written=no, each stored once", rounds, len(answered), unwritten)
}
