package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestTheRunbookKnowsTheFirstLineOfAllNewsOfBackstopItself looks for the titles
// in the code, as far as they are the same each time. Whoever was woken by one
// looks for it in the table.
func TestTheRunbookKnowsTheFirstLineOfAllNewsOfBackstopItself(t *testing.T) {
	t.Parallel()
	table := firstLines(t, runbook(t))
	found := 0
	for _, folder := range []string{".", "../../incident", "../../intake", "../../notify", "../../handlers/hook"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, title := range titlesIn(t, file) {
				found++
				if !strings.Contains(table, `"`+title) {
					t.Errorf("%s: the table of docs/RUNBOOK.md has no first line that begins %q", file, title)
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d titles are found in the code: the test looks in the wrong places", found)
	}
}

// TestTheTableOfTheRunbookLeadsSomewhere follows its links.
func TestTheTableOfTheRunbookLeadsSomewhere(t *testing.T) {
	t.Parallel()
	text := runbook(t)
	sections := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^##+ (.*)$`).FindAllStringSubmatch(text, -1) {
		sections[anchorOf(heading[1])] = true
	}
	for _, link := range regexp.MustCompile(`\]\(#([^)]*)\)`).FindAllStringSubmatch(text, -1) {
		if !sections[link[1]] {
			t.Errorf("no section is %q", link[1])
		}
	}
}

func runbook(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/RUNBOOK.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// firstLines is the table at the beginning.
func firstLines(t *testing.T, text string) string {
	t.Helper()
	_, table, found := strings.Cut(text, "| the first line | where |\n")
	table, _, ended := strings.Cut(table, "\n\n")
	if !found || !ended {
		t.Fatal("the runbook does not begin with a table of first lines")
	}
	return table
}

// anchorOf is how GitHub names a heading in links.
func anchorOf(heading string) string {
	heading = regexp.MustCompile(`[^\pL\pN _-]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(heading, " ", "-")
}

// titlesIn are the titles of alerts that a file writes: of each what comes before
// the first word that changes.
func titlesIn(t *testing.T, file string) (titles []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	add := func(e ast.Expr) {
		if title := beginning(e); title != "" {
			titles = append(titles, title)
		}
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if to, ok := n.Lhs[0].(*ast.SelectorExpr); ok && to.Sel.Name == "Title" {
				add(n.Rhs[0])
			}
		case *ast.CompositeLit:
			switch typeName(n.Type) {
			case "pressure":
				add(n.Elts[0])
			case "Alert":
				for _, e := range n.Elts {
					if pair, ok := e.(*ast.KeyValueExpr); ok && pair.Key.(*ast.Ident).Name == "Title" {
						add(pair.Value)
					}
				}
			}
		}
		return true
	})
	return titles
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// beginning is the text by which e begins, up to what Sprintf puts in or to a
// colon; "" for what methods make up.
func beginning(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(e.Value)
		text, _, _ = strings.Cut(text, "%")
		if what, _, more := strings.Cut(text, ": "); more {
			return what + ":" // the table may leave out what follows
		}
		return text
	case *ast.BinaryExpr:
		return beginning(e.X)
	case *ast.CallExpr:
		if typeName(e.Fun) != "title" && len(e.Args) > 0 {
			return beginning(e.Args[0])
		}
	}
	return ""
}
