package main

import (
	"io/fs"
	"maps"
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

// TestThePageOfFaultsNamesTestsThatThereAre holds docs/RELIABILITY.md and
// docs/SECURITY.md against the sources: whatever they name is there, and each fault
// that the whole program is put through is on the former.
func TestThePageOfFaultsNamesTestsThatThereAre(t *testing.T) {
	t.Parallel()
	named, known := map[string]bool{}, map[string]string{}
	for _, name := range testName.FindAllString(read(t, "../../docs/RELIABILITY.md"), -1) {
		named[name] = true
	}
	faults := maps.Clone(named)
	for _, name := range testName.FindAllString(read(t, "../../docs/SECURITY.md"), -1) {
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
	if len(faults) < 50 || len(named) < 100 {
		t.Errorf("the pages name %d tests, %d of them of faults", len(named), len(faults))
	}
	for name := range named {
		if known[name] == "" {
			t.Errorf("a page names %s, which there is not", name)
		}
	}
	for name, path := range known {
		file := filepath.Base(path)
		if whole := strings.HasPrefix(file, "faults_") || file == "disk_test.go" || file == "copies_test.go"; whole && strings.Contains(path, "cmd/backstop") && !faults[name] {
			t.Errorf("%s of %s is not on the page", name, file)
		}
	}
}
