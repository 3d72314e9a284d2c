// Command backstop answers Twilio when somebody else's server does not. It
// serves by default; its other commands check the configuration and what it needs,
// play a failure, back up and restore, set the password and ask for health.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"time"
	_ "time/tzdata" // the image has no zone files

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/recovery/standby"
)

func main() {
	// Whoever comes back from the disk must not queue behind those who compute:
	// docs/adr/0066.
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + spareProcessors)
	boundMemory(os.Getenv)
	notify.BoundDefaultClient(exchangeMost)
	os.Exit(run(context.Background(), world{
		args: os.Args[1:], getenv: os.Getenv,
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		terminal: atTerminal(),
	}))
}

// exchangeMost is how long a request may take whose client has no deadline of
// its own: as long as an attempt to tell people.
const exchangeMost = 18 * time.Second

// atTerminal says whether a person reads stdout, and nobody else keeps it. A
// container has a terminal with one flag, and its engine logs what it prints.
func atTerminal() bool {
	return term.IsTerminal(int(os.Stdout.Fd())) && term.IsTerminal(int(os.Stdin.Fd())) && os.Getpid() != 1
}

// spareProcessors are for the goroutines that wait for the disk. The kernel
// runs them at once where Go's scheduler would let them wait in its queue.
const spareProcessors = 4

// world is what a command sees of its surroundings.
type world struct {
	args           []string
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
	terminal       bool // stdout is one that a person reads: secrets may be shown there

	// What tests stand in for; nil for the machine's own.
	clock  func() time.Time
	listen func(ctx context.Context, network, address string) (net.Listener, error)
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
}

// now is what the clock on the wall says.
func (w *world) now() time.Time {
	if w.clock == nil {
		return time.Now()
	}
	return w.clock()
}

// listenOn opens a port.
func (w *world) listenOn(ctx context.Context, address string) (net.Listener, error) {
	if w.listen == nil {
		return new(net.ListenConfig).Listen(ctx, "tcp", address)
	}
	return w.listen(ctx, "tcp", address)
}

// standbys are the options of whoever asks the customer's servers.
func (w *world) standbys() standby.ClientOptions { return standby.ClientOptions{Dial: w.dial} }

// cli is the command line.
type cli struct {
	Config string `help:"The YAML file; else BACKSTOP_CONFIG, else ./backstop.yaml if there is one." placeholder:"FILE"`

	Serve    serveCommand        `cmd:"" default:"1" help:"Answer Twilio and show the error history (the default)."`
	Check    checkCommand        `cmd:"" help:"Validate configuration and templates; with --notify send a test through each notifier."`
	Drill    drillCommand        `cmd:"" help:"Play a failure: send a signed request, print what the caller hears, wait for the alerts."`
	Doctor   doctorCommand       `cmd:"" help:"Look at everything that Backstop needs, and say what is wrong and what to do."`
	Backup   backupCommand       `cmd:"" help:"Copy everything, verified, into a folder, while Backstop runs or not."`
	Restore  restoreCommand      `cmd:"" help:"Put a backup in the place of what is in DATA_DIR, which is kept aside."`
	Erase    eraseCommand        `cmd:"" help:"Erase what one caller has left, everywhere it can be reached, and say where it cannot."`
	Export   exportCommand       `cmd:"" help:"Write the error history to standard output, with all that is known of each failure."`
	Import   importCommand       `cmd:"" help:"Take in what export has written: nothing twice, and nobody is told."`
	Static   exportStaticCommand `cmd:"" name:"export-static" help:"Write the TwiML with which a reverse proxy answers while Backstop is gone."`
	Password passwordCommand     `cmd:"" help:"Set a new admin password."`
	Health   healthCommand       `cmd:"" help:"Ask a running Backstop whether it can answer callers; exit 0 if it can."`
	Version  versionCommand      `cmd:"" help:"Print the version."`
}

// Exit codes. Mistakes in configuration or command line are the caller's, and
// no restart mends them.
const (
	exitFailed  = 1
	exitMistake = 2
)

// run is the program: it returns the exit code and touches nothing outside w.
func run(ctx context.Context, w world) (code int) {
	var c cli
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("backstop"),
		kong.Description("The Fallback URL for your Twilio numbers: answers in time, writes it down, tells people."),
		kong.UsageOnError(),
		kong.Writers(w.stdout, w.stderr),
		kong.Exit(func(code int) { exited = code; panic(exitNow{}) }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(&w, &c),
	)
	if err != nil {
		fmt.Fprintln(w.stderr, err)
		return exitFailed
	}
	defer func() {
		switch reason := recover().(type) {
		case nil:
		case exitNow:
			code = exited
		default:
			panic(reason)
		}
	}()
	command, err := parser.Parse(w.args)
	if err != nil {
		parser.Errorf("%s", err)
		fmt.Fprintln(w.stderr, "Run backstop --help for all commands.")
		return exitMistake
	}
	return exitCode(command.Run(), w.stderr)
}

// exitNow unwinds where kong has printed help and wants to end.
type exitNow struct{}

func exitCode(err error, stderr io.Writer) int {
	var invalid *config.InvalidError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &invalid):
		fmt.Fprintln(stderr, invalid)
		return exitMistake
	}
	fmt.Fprintln(stderr, "backstop:", err)
	return exitFailed
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(w *world) error {
	_, err := fmt.Fprintln(w.stdout, "backstop", versionName())
	return err
}

// version is set by the linker in released builds.
var version string //nolint:gochecknoglobals // -ldflags -X needs a variable

func versionName() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
