package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/mattn/go-sqlite3"
	"golang.org/x/sys/unix"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/store"
)

type doctorCommand struct {
	Send bool `help:"Send a test through each notifier, too."`
}

// verdict is how well something is.
type verdict string

const (
	well   verdict = "ok"
	poorly verdict = "WARNING"
	ill    verdict = "FAILS"
)

// diagnosis is what one look at one thing found. What is not well has a remedy.
type diagnosis struct {
	about  string
	state  verdict
	said   string
	remedy string
}

func isWell(about, said string) diagnosis           { return diagnosis{about, well, said, ""} }
func isPoorly(about, said, remedy string) diagnosis { return diagnosis{about, poorly, said, remedy} }

func isIll(about string, err error, r string) diagnosis { return diagnosis{about, ill, err.Error(), r} }

// Run looks at all that a Backstop needs, beside one that runs or not, and says
// what is wrong and what to do. It changes nothing. Only what costs callers or
// alerts is an error.
func (d doctorCommand) Run(ctx context.Context, w *world, c *cli) error {
	p, err := w.assembled(c)
	if err != nil {
		return err
	}
	cfg := p.config
	sick := 0
	tell := func(found ...diagnosis) error {
		for _, one := range found {
			if one.state == ill {
				sick++
			}
			if err := one.tell(w); err != nil {
				return err
			}
		}
		return nil
	}
	sqlite, _, _ := sqlite3.Version()
	looks := []func() []diagnosis{
		func() []diagnosis {
			return []diagnosis{isWell("versions", fmt.Sprintf("backstop %s, SQLite %s, %s", versionName(), sqlite, runtime.Version()))}
		},
		func() []diagnosis { return []diagnosis{lookAtRunning(ctx, cfg)} },
		func() []diagnosis { return lookAtFolder(ctx, cfg) },
		func() []diagnosis { return []diagnosis{lookAtDisk(cfg.DataDir), lookAtLimits()} },
		func() []diagnosis { return []diagnosis{lookAtBackups(cfg.DataDir, time.Now())} },
		func() []diagnosis { return lookAtPublic(ctx, cfg) },
		func() []diagnosis { return lookAtFate(ctx, cfg) },
		func() []diagnosis { return d.lookAtNotifiers(ctx, w, p) },
	}
	for _, look := range looks {
		if err := tell(look()...); err != nil {
			return err
		}
	}
	if sick > 0 {
		return fmt.Errorf("callers or alerts are at stake: %s to mend", number(sick, "thing"))
	}
	return nil
}

func (d diagnosis) tell(w *world) error {
	if err := w.say("%-7s  %s: %s\n", d.state, d.about, d.said); err != nil || d.remedy == "" {
		return err
	}
	return w.say("         -> %s\n", d.remedy)
}

// lookAtRunning is about whether a Backstop answers where this configuration has
// it listen.
func lookAtRunning(ctx context.Context, cfg config.Config) diagnosis {
	const about = "running"
	ctx, cancel := context.WithTimeout(ctx, healthAsked)
	defer cancel()
	base := reachable(cfg.Listen)
	degraded, err := healthOf(ctx, base)
	unanswered, silent := errors.AsType[*url.Error](err)
	switch {
	case silent && folderInUse(cfg.DataDir):
		return isPoorly(about, "a Backstop has "+cfg.DataDir+" open, but "+base+" does not answer: "+unanswered.Err.Error(), "see whether it was started with another LISTEN; if not, look at its log, and restart it")
	case silent:
		return isIll(about, fmt.Errorf("nothing answers at %s: %w", base, unanswered.Err), "start Backstop: callers hear nothing of it now. If it runs, run the doctor with its configuration, where it listens")
	case err != nil:
		return isPoorly(about, err.Error(), "see who listens there: ss -ltnp; give Backstop another LISTEN")
	case len(degraded) > 0:
		return isPoorly(about, base+" answers; degraded: "+strings.Join(degraded, ", "), "the pages say more at their top, and so does the log")
	}
	return isWell(about, base+" answers")
}

// lookAtFolder is about DATA_DIR: whether it can be written, who else may read
// it, and whether this version knows what is in it.
func lookAtFolder(ctx context.Context, cfg config.Config) []diagnosis {
	const about = "data folder"
	info, err := os.Stat(cfg.DataDir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []diagnosis{isPoorly(about, cfg.DataDir+" is not there yet", "start Backstop once, it makes it; or name the right one with DATA_DIR")}
	case err != nil:
		return []diagnosis{isIll(about, err, "let this user reach it, or name another one with DATA_DIR")}
	}
	var found []diagnosis
	probe, err := os.CreateTemp(cfg.DataDir, ".doctor-")
	if err != nil {
		return []diagnosis{isIll(about, err, "let the user that Backstop runs as write there; run the doctor as that user")}
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		found = append(found, isIll(about, err, "look at the disk: dmesg, smartctl"))
	}
	if open := readableByOthers(cfg.DataDir, info); len(open) > 0 {
		found = append(found, isPoorly(about, "other users may read "+open[0], "chmod 700 "+cfg.DataDir+" && chmod 600 "+cfg.DataDir+"/*"))
	}
	err = store.Readable(ctx, filepath.Join(cfg.DataDir, journalName), cfg.Ledger)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		found = append(found, isPoorly(about, "no Backstop has lived in it yet", "start Backstop once, or name the right one with DATA_DIR"))
	case errors.Is(err, store.ErrNewer):
		found = append(found, isIll(about, err, "use the newer version of Backstop again: this one feeds no history"))
	case err != nil:
		found = append(found, isIll(about, err, "start Backstop: it moves a damaged file aside and feeds a new one; look at the disk (dmesg, smartctl)"))
	}
	if len(found) == 0 {
		found = append(found, isWell(about, cfg.DataDir+" can be written, and only by its owner"))
	}
	return found
}

// readableByOthers names what other users of the machine may read.
func readableByOthers(dir string, info fs.FileInfo) (open []string) {
	const others = 0o077
	if info.Mode().Perm()&others == 0 {
		return nil // nobody else gets to what is in it
	}
	for _, name := range append(backedUpSecrets(), journalName, backedUpLedger) {
		if file, err := os.Stat(filepath.Join(dir, name)); err == nil && file.Mode().Perm()&others != 0 {
			open = append(open, filepath.Join(dir, name))
		}
	}
	return open
}

// Bounds of a disk that is well. An answer waits for its fsync, for 300 ms at most.
const (
	slowSync  = 20 * time.Millisecond
	wellSpare = 2 << 30
)

// lookAtDisk is about the disk of DATA_DIR: its room, its speed and its kind.
func lookAtDisk(dir string) diagnosis {
	const about = "disk"
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil {
		return isPoorly(about, "nothing to look at yet: "+err.Error(), "start Backstop once")
	}
	free := int64(stat.Bavail) * stat.Bsize //nolint:gosec // below 8 EiB
	took, err := syncTime(dir)
	said := fmt.Sprintf("%d MB free, an fsync takes %s", free>>20, took.Round(10*time.Microsecond))
	switch kind := fileSystems()[int64(stat.Type)]; { //nolint:unconvert // of another width elsewhere
	case err != nil:
		return isIll(about, err, "look at the disk: df, dmesg, smartctl")
	case free < diskReserve:
		return isIll(about, fmt.Errorf("%d MB are free, and the last %d are kept free: failures wait in memory", free>>20, diskReserve>>20), "make room on it")
	case kind != "":
		return isPoorly(about, said+"; it is "+kind, "use a local disk: what was answered written=yes has to be there after a power cut")
	case took > slowSync:
		return isPoorly(about, said, "use a faster disk: every answer waits for it")
	case free < wellSpare:
		return isPoorly(about, said, "give it more: the journal may grow by 2 GiB while the history is away")
	}
	return isWell(about, said)
}

// fileSystems are those on which SQLite or an fsync promises less, by statfs(2)'s
// f_type.
func fileSystems() map[int64]string {
	return map[int64]string{
		unix.NFS_SUPER_MAGIC: "NFS, whose locks and fsync cannot be relied on", unix.SMB_SUPER_MAGIC: "SMB, likewise", unix.SMB2_SUPER_MAGIC: "SMB, whose locks and fsync cannot be relied on",
		unix.TMPFS_MAGIC: "memory, which a restart of the machine empties", unix.FUSE_SUPER_MAGIC: "FUSE, of which nobody knows what an fsync is worth",
	}
}

// syncTime is the median of what the disk takes to keep 4 KiB.
func syncTime(dir string) (took time.Duration, err error) {
	file, err := os.CreateTemp(dir, ".doctor-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	times := make([]time.Duration, 15)
	for i := range times {
		if _, err := file.Write(make([]byte, 4096)); err != nil {
			return 0, err
		}
		began := time.Now()
		if err := unix.Fdatasync(int(file.Fd())); err != nil {
			return 0, err
		}
		times[i] = time.Since(began)
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}

// lookAtLimits is about open files: at their limit nobody is answered.
func lookAtLimits() diagnosis {
	const about, fewest = "open files", 1024
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return isPoorly(about, err.Error(), "see ulimit -n")
	}
	said := fmt.Sprintf("%d may be open here, for %d connections", limit.Cur, connectionCap())
	if limit.Cur < fewest {
		return isPoorly(about, said, "raise it for the service: LimitNOFILE=65536")
	}
	return isWell(about, said)
}
