package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/backstop-project/backstop/twilio/sim"
)

// loopDisk names the image of a disk that the program, as a test's own process
// in a mount namespace of its own, mounts as its DATA_DIR. The mount goes with
// the process.
const loopDisk = "BACKSTOP_TESTS_LOOP_DISK"

func mountLoopDisk(image, folder string) {
	said, err := exec.Command("mount", "-o", "loop", image, folder).CombinedOutput()
	if err != nil {
		panic(fmt.Sprintf("mount: %v: %s", err, said))
	}
	_ = os.Unsetenv(loopDisk)
}

// device is a disk whose power can be cut.
type device struct {
	t     *testing.T
	image string
	env   settings
}

// newDevice makes a disk with that file system, made with these options.
func newDevice(t *testing.T, fileSystem string, options ...string) *device {
	t.Helper()
	needs(t, "mkfs."+fileSystem, "losetup", "mount", "unshare")
	if !mayMount() {
		notHere(t, "cutting the power of a disk takes root")
	}
	env := configured(t)
	image := filepath.Join(t.TempDir(), "disk")
	if err := errors.Join(os.WriteFile(image, nil, 0o600), os.Truncate(image, 512<<20), os.Mkdir(env["DATA_DIR"], 0o700)); err != nil {
		t.Fatal(err)
	}
	d := &device{t, image, env.with(settings{loopDisk: image})}
	d.run("mkfs."+fileSystem, append(options, "-q", image)...)
	return d
}

// spawn starts a Backstop with its data on the disk, as that is.
func (d *device) spawn() *program {
	d.t.Helper()
	d.awaitFree()
	p := spawnAs(d.t, d.env, func(_ *program, c *exec.Cmd) {
		c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	})
	p.dir = fmt.Sprintf("/proc/%d/root%s", p.process.Pid, p.dir) // as p sees it
	return p
}

// awaitFree waits until nobody has the disk any more: two mounts of one image
// would each think that it is theirs.
func (d *device) awaitFree() {
	d.t.Helper()
	eventually(d.t, soon, "nobody has the disk any more", func() bool {
		users, err := exec.CommandContext(d.t.Context(), "losetup", "-j", d.image).Output()
		return err == nil && len(strings.TrimSpace(string(users))) == 0
	})
}

// copied is a folder with what is on the disk.
func (d *device) copied() string {
	d.t.Helper()
	d.awaitFree()
	to := d.t.TempDir()
	d.run("unshare", "--mount", "sh", "-c", `mount -o loop "$0" "$1" && cp -a "$1"/. "$2"`, d.image, d.env["DATA_DIR"], to)
	return to
}

// run runs a command, and returns what it says.
func (d *device) run(name string, args ...string) string {
	d.t.Helper()
	said, err := exec.CommandContext(d.t.Context(), name, args...).CombinedOutput()
	if err != nil {
		d.t.Fatalf("%s %q: %v: %s", name, args, err, said)
	}
	return string(said)
}

// goingDown is XFS_IOC_GOINGDOWN, which ext4 has, too; what is not on the disk
// yet does not get there any more: XFS_FSOP_GOING_FLAGS_NOLOGFLUSH.
// https://man7.org/linux/man-pages/man8/xfs_io.8.html (shutdown)
const (
	goingDown     = 0x8004587d
	withoutAFlush = 2
)

// cutPower ends everything at once: first the program stands still, so that it
// answers nobody on the word of a disk that is gone.
func (d *device) cutPower(p *program) {
	d.t.Helper()
	if err := p.process.Signal(syscall.SIGSTOP); err != nil {
		d.t.Fatal(err)
	}
	d.goDown(p.dir)
	p.kill()
}

// goDown has the file system do nothing any more.
func (d *device) goDown(path string) {
	d.t.Helper()
	folder, err := os.Open(path)
	if err != nil {
		d.t.Fatal(err)
	}
	err = unix.IoctlSetPointerInt(int(folder.Fd()), goingDown, withoutAFlush)
	if err := errors.Join(err, folder.Close()); err != nil {
		d.t.Fatal(err)
	}
}

func TestAPowerCutLosesNothingThatWasSaidToBeWritten(t *testing.T) {
	t.Parallel()
	for _, fileSystem := range []string{"ext4", "xfs"} {
		t.Run(fileSystem, func(t *testing.T) {
			t.Parallel()
			d := newDevice(t, fileSystem)
			cuts := long(t, 2, 50)
			var promised []string
			var unanswered []sim.Request
			for range cuts {
				p := d.spawn()
				l := p.callers(6)
				l.reached(t, 200)
				d.cutPower(p)
				l.stop(t)
				promised = append(promised, l.written...)
				unanswered = append(unanswered, l.silent...)
			}
			if len(promised) < 50*cuts {
				t.Fatalf("only %d calls were answered written=yes", len(promised))
			}
			count(t, "%d power cuts, %d calls answered written=yes, %d not answered", cuts, len(promised), len(unanswered))
			p := d.spawn()
			for _, r := range unanswered {
				promised = append(promised, r.Params.Value("CallSid"))
				if e := p.twilio().Do(t.Context(), r); e.Err != nil {
					t.Error(e.Err)
				}
			}
			p.settle()
			p.end()
			copied := d.copied()
			judgeStored(t, copied, promised)
			judgeIntact(t, filepath.Join(copied, journalFile), filepath.Join(copied, ledgerFile))
		})
	}
}
