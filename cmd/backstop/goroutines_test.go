package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// catches are the functions of ours that keep a panic from ending the program.
var catches = map[string]bool{"recover": true, "Survive": true, "survive": true, "guarded": true, "safely": true} //nolint:gochecknoglobals // a constant table

// foreseen are the goroutines, by file and function, in which a panic is caught by
// what they call, or that do nothing which could panic.
func foreseen() map[string]string {
	const (
		command = "of a command, whose caller sees it"
		waits   = "only waits"
		closes  = "only ends a connection that is waited for"
	)
	return map[string]string{
		"cmd/backstop/backup.go behind":            command,
		"cmd/backstop/proofs.go examine":           command,
		"cmd/backstop/restore.go feedWhole":        command,
		"cmd/backstop/storm.go begin":              command,
		"cmd/backstop/stormload.go storm":          command,
		"cmd/backstop/logs.go newLogWriter":        "put catches it",
		"cmd/backstop/owner.go together":           "each of them is guarded",
		"cmd/backstop/serve.go Run":                waits,
		"cmd/backstop/serve.go run":                "reload catches it; net/http what a connection does",
		"cmd/backstop/serve.go closeListeners":     waits,
		"handlers/lane/lane.go Accept":             "serve catches it",
		"handlers/pages/door.go tidyUp":            "it is the runtime's",
		"intake/proofs.go start":                   "examine and tell catch it",
		"notify/dispatcher.go Run":                 "the lanes of a worker catch it",
		"notify/dispatcher.go waitFor":             waits,
		"notify/smtp.go connect":                   closes,
		"notify/wait.go outlive":                   waits,
		"notify/worker.go run":                     "each step of a lane catches it",
		"recovery/standby/examine.go request":      closes,
		"recovery/standby/prober.go untilReplaced": "probe and keep catch it",
		"recovery/standby/race.go ask":             "attempt catches it",
		"recovery/standby/served.go Certificate":   closes,
		"replay/worker.go Run":                     waits,
	}
}

// TestAPanicInWhateverGoroutineIsCaught holds the table above against the sources:
// in Go a panic on a goroutine that nobody has foreseen ends the program, and with
// it everybody who is on the line.
func TestAPanicInWhateverGoroutineIsCaught(t *testing.T) {
	t.Parallel()
	known, found, needed := foreseen(), 0, map[string]bool{}
	for _, root := range []string{"cmd", "handlers", "intake", "notify", "recovery", "replay", "store", "history", "incident", "templates", "twilio"} {
		err := filepath.WalkDir(filepath.Join("../..", root), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			name := strings.TrimPrefix(filepath.ToSlash(path), "../../")
			if strings.HasPrefix(name, "notify/notifytest/") || strings.HasPrefix(name, "twilio/sim/") {
				return nil // of tests and drills
			}
			for _, at := range startedIn(t, path) {
				found++
				key := name + " " + at.function
				needed[key] = needed[key] || !at.caught
				if known[key] == "" && !at.caught {
					t.Errorf("%s starts a goroutine that nothing keeps from ending the program: defer intake.Survive in it, or say why it cannot panic", key)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for key := range known {
		if !needed[key] {
			t.Errorf("%s is foreseen in vain: no goroutine is started there, or a panic on it is caught", key)
		}
	}
	if found < 40 {
		t.Errorf("only %d goroutines are found: the test looks in the wrong places", found)
	}
}

// started is a place where a goroutine is started.
type started struct {
	function string // in which that is
	caught   bool   // a panic on it is
}

func startedIn(t *testing.T, path string) (all []started) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range parsed.Decls {
		function, ok := d.(*ast.FuncDecl)
		if !ok || function.Body == nil {
			continue
		}
		ast.Inspect(function.Body, func(n ast.Node) bool {
			if call := starts(n); call != nil {
				all = append(all, started{function.Name.Name, catchesIn(call)})
			}
			return true
		})
	}
	return all
}

// starts is the call that runs on a goroutine of its own; nil where none does.
func starts(n ast.Node) ast.Node {
	switch n := n.(type) {
	case *ast.GoStmt:
		return n.Call
	case *ast.CallExpr:
		if to, ok := n.Fun.(*ast.SelectorExpr); ok && (to.Sel.Name == "Go" || to.Sel.Name == "AfterFunc") {
			return n
		}
	}
	return nil
}

func catchesIn(n ast.Node) (caught bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			switch f := call.Fun.(type) {
			case *ast.Ident:
				caught = caught || catches[f.Name]
			case *ast.SelectorExpr:
				caught = caught || catches[f.Sel.Name]
			}
		}
		return !caught
	})
	return caught
}
