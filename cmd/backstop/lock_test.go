package main

import (
	"errors"
	"testing"
	"time"
)

func TestOfTwoThatLeftAFolderOneHasItAfterwards(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var first, second folderLock
	take := func(l *folderLock) {
		t.Helper()
		if err := l.try(dir); err != nil {
			t.Fatal(err)
		}
	}
	take(&first)
	take(&second)
	if !first.alone() || second.owns() {
		t.Fatal("the first one is not the one that has it")
	}
	first.leave()
	second.leave()
	if !first.owns() || first.alone() {
		t.Error("who left it does not own what there is, or is taken to be alone")
	}
	take(&second)
	noticed := make(chan struct{})
	go func() {
		defer close(noticed)
		first.lost(t.Context(), dir)
	}()
	select {
	case <-noticed:
	case <-time.After(soon):
		t.Fatal("the first one does not notice")
	}
	if first.owns() || !second.alone() {
		t.Error("the second one is not the one that has it")
	}
	if err := errors.Join(first.release(), second.release()); err != nil {
		t.Fatal(err)
	}
}
