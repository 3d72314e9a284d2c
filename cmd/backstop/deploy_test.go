package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// rulesFile is deploy/prometheus-rules.yaml, as far as it is judged.
type rulesFile struct {
	Groups []struct {
		Rules []struct {
			Alert, Expr string
			Annotations struct{ Summary, Description, Runbook string }
		}
	}
}

// dashboardFile is deploy/grafana-dashboard.json, likewise.
type dashboardFile struct {
	Panels []struct {
		Title   string
		Targets []struct{ Expr string }
	}
}

// TestRulesAndDashboardNameMetricsThatThereAre holds what is in deploy for
// Prometheus and Grafana against the program and its runbook.
func TestRulesAndDashboardNameMetricsThatThereAre(t *testing.T) {
	t.Parallel()
	var rules rulesFile
	if err := yaml.Unmarshal([]byte(read(t, "../../deploy/prometheus-rules.yaml")), &rules); err != nil {
		t.Fatal(err)
	}
	var dashboard dashboardFile
	if err := json.Unmarshal([]byte(read(t, "../../deploy/grafana-dashboard.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	used := map[string]string{} // by metric: where
	for _, rule := range rules.Groups[0].Rules {
		noteMetrics(used, rule.Expr, rule.Alert)
		if rule.Annotations.Summary == "" || rule.Annotations.Description == "" {
			t.Errorf("%s does not say what it means", rule.Alert)
		}
		if at := rule.Annotations.Runbook; at != "" && !runbookHas(t, at) {
			t.Errorf("%s leads to %s, which there is not", rule.Alert, at)
		}
	}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			noteMetrics(used, target.Expr, panel.Title)
		}
	}
	source := read(t, "metrics.go")
	for metric, where := range used {
		name := strings.TrimSuffix(metric, "_bucket")
		if strings.HasPrefix(name, "backstop_") && !strings.Contains(source, `"`+name+`"`) {
			t.Errorf("%q asks for %s, which there is not", where, metric)
		}
	}
	if len(used) < 20 {
		t.Errorf("only %d metrics are used", len(used))
	}
}

var metricName = regexp.MustCompile(`\b(?:backstop|process)_[a-z_]+`)

func noteMetrics(used map[string]string, expr, where string) {
	for _, name := range metricName.FindAllString(expr, -1) {
		used[name] = where
	}
}

// runbookHas says whether the runbook has the chapter that a link names, as
// GitHub makes anchors of headings.
func runbookHas(t *testing.T, link string) bool {
	t.Helper()
	_, anchor, _ := strings.Cut(link, "#")
	unlettered := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for line := range strings.Lines(read(t, "../../docs/RUNBOOK.md")) {
		heading, ok := strings.CutPrefix(strings.TrimSpace(line), "## ")
		slug := strings.ReplaceAll(unlettered.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
		if ok && slug == anchor {
			return true
		}
	}
	return false
}
