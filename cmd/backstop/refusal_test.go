package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/config"
)

func TestAMessageTellsFiveMistakesAndCountsTheRest(t *testing.T) {
	t.Parallel()
	invalid := func(n int) error {
		e := &config.InvalidError{}
		for i := range n {
			e.Mistakes = append(e.Mistakes, config.Mistake{Key: fmt.Sprintf("lines[%d].nme", i+1), Where: "b.yaml:2:3", Problem: "is no setting", Remedy: "remove it"})
		}
		return e
	}
	joined := errors.Join(errors.New("a.tmpl: one"), fmt.Errorf("templates: %w", errors.Join(errors.New("b.tmpl: two"), errors.New("b.tmpl: three"))))
	for name, c := range map[string]struct {
		err        error
		want, lack []string
	}{
		"one is told by itself":      {invalid(1), []string{"lines[1].nme (b.yaml:2:3) is no setting: remove it."}, []string{"(1)", "more"}},
		"five are all told":          {invalid(5), []string{"There are 5 mistakes. (1) lines[1].nme", "(5) lines[5].nme"}, []string{"more"}},
		"of fifty five are told":     {invalid(50), []string{"There are 50 mistakes.", "(5) lines[5].nme", "And 45 more: see the log."}, []string{"lines[6]"}},
		"those of templates count":   {joined, []string{"There are 3 mistakes. (1) a.tmpl: one. (2) b.tmpl: two. (3) b.tmpl: three."}, []string{"more"}},
		"any other error is as told": {errors.New("read b.yaml: it hangs"), []string{"read b.yaml: it hangs."}, []string{"mistakes"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := inShort(c.err)
			for _, s := range c.want {
				if !strings.Contains(got, s) {
					t.Errorf("got %q, want %q in it", got, s)
				}
			}
			for _, s := range c.lack {
				if strings.Contains(got, s) {
					t.Errorf("got %q, with %q in it", got, s)
				}
			}
		})
	}
}
