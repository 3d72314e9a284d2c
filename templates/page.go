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
	"sync"
)

//go:embed pages/*.html
var pageFiles embed.FS

// pageParts are the files that every page may use; "frame" is what surrounds
// them all.
const pageParts = "pages/part_*.html"

// Pages are all pages. They are safe for concurrent use. Each is parsed when it is
// first looked at: a program that nobody looks at need not hold what a storm's
// garbage collections would walk through each time.
type Pages struct {
	pages  map[string]func() (*template.Template, error)
	room   sync.Pool // for pages, from one to the next
	Assets Assets
}

// NewPages has the pages that there are.
func NewPages() (*Pages, error) {
	assets, err := loadAssets()
	if err != nil {
		return nil, err
	}
	files, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("list pages: %w", err)
	}
	parts := sync.OnceValues(func() (*template.Template, error) {
		return template.New("parts").Funcs(pageFuncs()).ParseFS(pageFiles, pageParts)
	})
	p := &Pages{pages: map[string]func() (*template.Template, error){}, Assets: assets}
	for _, file := range files {
		if name := strings.TrimSuffix(path.Base(file), ".html"); !strings.HasPrefix(name, "part_") {
			p.pages[name] = sync.OnceValues(func() (*template.Template, error) { return parsePage(parts, file) })
		}
	}
	return p, nil
}

func parsePage(parts func() (*template.Template, error), file string) (*template.Template, error) {
	shared, err := parts()
	if err != nil {
		return nil, err
	}
	t, err := shared.Clone()
	if err != nil {
		return nil, err
	}
	return t.ParseFS(pageFiles, file)
}

// Render writes a page into its frame. view has the fields that the page and
// the frame name. Nothing is written where it fails half way.
func (p *Pages) Render(w io.Writer, page string, view any) error {
	parse, ok := p.pages[page]
	if !ok {
		return fmt.Errorf("there is no page %q", page)
	}
	t, err := parse()
	if err != nil {
		return fmt.Errorf("parse page %s: %w", page, err)
	}
	b, ok := p.room.Get().(*bytes.Buffer)
	if !ok {
		b = new(bytes.Buffer)
	}
	defer func() {
		if b.Reset(); b.Cap() <= roomMost {
			p.room.Put(b)
		}
	}()
	if err := t.ExecuteTemplate(b, "frame", view); err != nil {
		return fmt.Errorf("render page %s: %w", page, err)
	}
	_, err = b.WriteTo(w)
	return err
}

// roomMost bounds the room that is kept for the next page.
const roomMost = 256 << 10

// pageFuncs are the few things that a page says in its own words. Everything
// else is decided before.
func pageFuncs() template.FuncMap {
	return template.FuncMap{
		"count":  Count,
		"plural": Plural,
		"advice": advice,
	}
}
