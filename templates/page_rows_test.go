package templates_test

import (
	"html"
	"html/template"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/templates"
)

// asTemplates are the rows as html/template makes them, which knows by itself how
// to escape each value.
var asTemplates = template.Must(template.New("").Funcs(template.FuncMap{"count": templates.Count}).Parse(`
{{define "failures"}}{{range .}}
<tr>
<td class="when"><time datetime="{{.ISO}}">{{.Clock}}</time> <span class="dim">{{.Offset}}</span></td>
<td class="what"><a class="title" href="{{.Href}}">{{.Title}}</a>{{if .Drill}} <span class="badge accent">drill</span>{{end}}{{if .Late}} <span class="badge warn">verified late</span>{{end}}<div class="sub">{{if .Code}}<span class="code">{{.Code}}</span> {{end}}<span class="mono">{{.URL}}</span></div></td>
<td class="parties"><span class="num"><bdi>{{.From}}</bdi> <span class="dim">→</span> <bdi>{{.To}}</bdi></span>{{if .LineName}}<div class="sub line">{{.LineName}}</div>{{end}}<div class="sub">{{.Channel}} <span class="mono">{{.SID}}</span></div></td>
<td class="got"><span class="state {{.OutcomeKind}}">{{.Outcome}}</span></td>
<td class="right">{{if .Incident}}<a href="/incidents/{{.Incident}}">#{{.Incident}}</a>{{else}}<span class="dim">–</span>{{end}}</td>
</tr>{{end}}{{end}}
{{define "incidents"}}{{range .}}
<tr>
<td class="when"><a href="{{.Href}}">#{{.ID}}</a> <span class="state {{.State}}">{{.State}}</span></td>
<td class="what"><a class="title" href="{{.Href}}">{{.Title}}</a>{{if .Page}} <span class="badge bad">page</span>{{end}}{{if .Hushed}} <span class="badge warn">{{.Hushed}}</span>{{end}}{{if .Parent}} <span class="badge">explained by #{{.Parent}}</span>{{end}}<div class="sub">{{.Cause}}{{if .Acknowledged}} · taken by {{.Acknowledged}}{{end}}</div></td>
<td class="right strong" data-label="{{if eq .Callers 1}}caller{{else}}callers{{end}}">{{count .Callers}}</td>
<td class="right" data-label="{{if eq .Failures 1}}failure{{else}}failures{{end}}">{{count .Failures}}</td>
<td class="at" data-label="since">{{if .Opened.ISO}}<time datetime="{{.Opened.ISO}}">{{.Opened.Text}}</time>{{else}}–{{end}}</td>
<td class="at" data-label="last failure">{{if .Last.ISO}}<time class="rel" datetime="{{.Last.ISO}}">{{.Last.Text}}</time>{{else}}–{{end}}</td>
</tr>{{end}}{{end}}
{{define "bars"}}{{range .}}
<a href="{{.Href}}"><title>{{.Label}}</title><rect x="{{.X}}" width="10" height="100"/></a>{{end}}{{end}}
`))

// FuzzRowsAreEscapedAsTemplatesAre fills every text of a row with what strangers
// may have sent, each with a value of its own. Links are ours.
func FuzzRowsAreEscapedAsTemplatesAre(f *testing.F) {
	f.Add("Praxis Berlin", int64(1), uint8(255))
	f.Add(`"><script>alert('1&amp;')</script>`, int64(0), uint8(0))
	f.Add("+\x00`=\u2028'\"<!--]]>", int64(-12345), uint8(1))
	f.Add("\xff\xfe", int64(2), uint8(2))
	f.Fuzz(func(t *testing.T, s string, n int64, are uint8) {
		failure, one := templates.FailureRow{Href: ours}, templates.IncidentRow{Href: ours}
		values := 0
		for _, row := range []any{&failure, &one} {
			fill(reflect.ValueOf(row).Elem(), s, n, are, &values)
		}
		failures, incidents := templates.FailureRows{failure, {Href: ours}}, templates.IncidentRows{one, {Href: ours, Callers: 1, Failures: 1}}
		bars := templates.Bars{{Href: ours, Label: s, X: int(n)}}
		asTheyAre(t, "failures", failures, failures.HTML())
		asTheyAre(t, "incidents", incidents, incidents.HTML())
		asTheyAre(t, "bars", bars, bars.HTML())
	})
}

const ours = "/history?since=2026-11-28T00%3A00%3A00Z&code=11200"

// fill sets what is not set yet: texts to s with a number of their own behind it,
// numbers to n and more, and each bool to a bit of are.
func fill(v reflect.Value, s string, n int64, are uint8, values *int) {
	for _, field := range v.Fields() {
		*values++
		switch {
		case !field.IsZero():
		case field.Kind() == reflect.String && s != "":
			field.SetString(s + strconv.Itoa(*values))
		case field.CanInt() && n != 0:
			field.SetInt(n + int64(*values))
		case field.Kind() == reflect.Bool:
			field.SetBool(are&1 != 0)
			are >>= 1
		case field.Kind() == reflect.Struct:
			fill(field, s, n, are, values)
		}
	}
}

func TestALinkOfARowLeadsToOurPagesOrNowhere(t *testing.T) {
	t.Parallel()
	for href, want := range map[string]string{
		ours: html.EscapeString(ours), "javascript:alert(1)": "", "//evil.example": "", "https://evil.example": "", "": "", `/"><script>`: "/&#34;&gt;&lt;script&gt;",
	} {
		for _, got := range []template.HTML{
			templates.FailureRows{{Href: href}}.HTML(), templates.IncidentRows{{Href: href}}.HTML(), templates.Bars{{Href: href}}.HTML(),
		} {
			if link := `href="` + want + `"`; !strings.Contains(string(got), link) {
				t.Errorf("a link to %s is not %s in %s", href, link, got)
			}
		}
	}
}

// What goes into a page as it is stands in the sources.
func TestNoTextIsMadeALiteral(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(file, "_test.go") && strings.Contains(string(source), "literal"+"(") {
			t.Errorf("%s makes a text a literal", file)
		}
	}
}

func asTheyAre(t *testing.T, name string, rows any, got template.HTML) {
	t.Helper()
	var b strings.Builder
	if err := asTemplates.ExecuteTemplate(&b, name, rows); err != nil {
		t.Fatal(err)
	}
	// html/template escapes a plus, too, which only a document in UTF-7 would need.
	want := strings.ReplaceAll(b.String(), "&#43;", "+")
	if string(got) != want {
		t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
	}
}
