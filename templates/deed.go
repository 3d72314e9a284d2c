package templates

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"path"
	"strings"
)

//go:embed deeds/*.html
var deedFiles embed.FS

// DeedLink is something that whoever reads an alert may do about it by a click.
type DeedLink struct {
	Label   string // "Acknowledge"
	Address string
}

// DeedPage is the page behind a link of a mail: what it would do, or what was
// done. It shows no number of a caller and nothing that came with a call.
type DeedPage struct {
	Heading string
	Line    string // the incident; "" where it is not known
	Who     string // acts; "" where that is not known
	Said    []string
	Button  string // "" where there is nothing to do
	Quiet   bool   // the button does not stand out: it ends something
	Page    string // the address of the incident's page; "" for none
	Style   string // address of the style sheet
}

// Deeds are the parsed page and its style sheet. They are safe for concurrent
// use.
type Deeds struct {
	page   *template.Template
	assets Assets
}

// ParseDeeds parses the page once.
func ParseDeeds() (*Deeds, error) {
	page, err := template.ParseFS(deedFiles, "deeds/deed.html")
	if err != nil {
		return nil, fmt.Errorf("parse page of deeds: %w", err)
	}
	assets, err := loadAssets()
	if err != nil {
		return nil, err
	}
	return &Deeds{page: page, assets: assets}, nil
}

// Style is the style sheet's name, which holds a hash of its content, and
// itself.
func (d *Deeds) Style() (name string, sheet Asset) {
	name = path.Base(d.assets.Style)
	return name, d.assets.byName[name]
}

// Render writes the page, whole or not at all.
func (d *Deeds) Render(w io.Writer, view DeedPage) error {
	var b strings.Builder
	if err := d.page.Execute(&b, view); err != nil {
		return fmt.Errorf("render page of a deed: %w", err)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
