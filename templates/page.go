package templates

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"strings"
)

//go:embed pages/*.html
var pageFiles embed.FS

// pageParts are the files that every page may use; "frame" is what surrounds
// them all.
const pageParts = "pages/part_*.html"

// Pages are the parsed pages. They are safe for concurrent use.
type Pages struct {
	pages  map[string]*template.Template
	Assets Assets
}

// ParsePages parses every page once: what it returns without an error will not
// fail later for want of a template.
func ParsePages() (*Pages, error) {
	assets, err := loadAssets()
	if err != nil {
		return nil, err
	}
	parts, err := template.New("parts").Funcs(pageFuncs()).ParseFS(pageFiles, pageParts)
	if err != nil {
		return nil, fmt.Errorf("parse the parts of pages: %w", err)
	}
	files, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("list pages: %w", err)
	}
	p := &Pages{pages: map[string]*template.Template{}, Assets: assets}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if strings.HasPrefix(name, "part_") {
			continue
		}
		if p.pages[name], err = parsePage(parts, file); err != nil {
			return nil, fmt.Errorf("parse page %s: %w", name, err)
		}
	}
	return p, nil
}

func parsePage(parts *template.Template, file string) (*template.Template, error) {
	t, err := parts.Clone()
	if err != nil {
		return nil, err
	}
	return t.ParseFS(pageFiles, file)
}

// Render writes a page into its frame. view has the fields that the page and
// the frame name. Nothing is written where it fails half way.
func (p *Pages) Render(w io.Writer, page string, view any) error {
	t, ok := p.pages[page]
	if !ok {
		return fmt.Errorf("there is no page %q", page)
	}
	var b bytes.Buffer
	b.Grow(32 << 10)
	if err := t.ExecuteTemplate(&b, "frame", view); err != nil {
		return fmt.Errorf("render page %s: %w", page, err)
	}
	_, err := b.WriteTo(w)
	return err
}

// pageFuncs are the few things that a page says in its own words. Everything
// else is decided before.
func pageFuncs() template.FuncMap {
	return template.FuncMap{
		"count":  Count,
		"plural": Plural,
		"advice": advice,
	}
}
