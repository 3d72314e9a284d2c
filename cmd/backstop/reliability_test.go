package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testName = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w+`)
	testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Z]\w+)\(`)
)

// TestThePageOfFaultsNamesTestsThatThereAre holds docs/RELIABILITY.md against the
// sources: whatever it names is there, and each fault that the whole program is
// put through is on it.
func TestThePageOfFaultsNamesTestsThatThereAre(t *testing.T) {
	t.Parallel()
	named, known := map[string]bool{}, map[string]string{}
	for _, name := range testName.FindAllString(read(t, "../../docs/RELIABILITY.md"), -1) {
		named[name] = true
	}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "node_modules":
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, match := range testFunc.FindAllStringSubmatch(string(source), -1) {
			known[match[1]] = path
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(named) < 50 {
		t.Errorf("the page names %d tests", len(named))
	}
	for name := range named {
		if known[name] == "" {
			t.Errorf("the page names %s, which there is not", name)
		}
	}
	for name, path := range known {
		file := filepath.Base(path)
		if faults := strings.HasPrefix(file, "faults_") || file == "disk_test.go" || file == "copies_test.go"; faults && strings.Contains(path, "cmd/backstop") && !named[name] {
			t.Errorf("%s of %s is not on the page", name, file)
		}
	}
}
