package recovery_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/recovery"
)

func TestMediaKnowsWhatTwilioCanPlay(t *testing.T) {
	m := media(t, "sorry.mp3", "hold.WAV", "a-b_c.1.ulaw", "notes.txt", ".hidden.mp3", "with space.mp3", "ä.mp3")
	if diff := cmp.Diff([]string{"a-b_c.1.ulaw", "hold.WAV", "sorry.mp3"}, m.Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	file, contentType, err := m.Open("sorry.mp3")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if sound, err := io.ReadAll(file); err != nil || string(sound) != "sound of sorry.mp3" || contentType != "audio/mpeg" {
		t.Errorf("got %q, %v, %s", sound, err, contentType)
	}
	for _, name := range []string{"notes.txt", "", ".", "..", "../secret.mp3", "/etc/passwd", "none.mp3", "sorry.mp3/", "sorry.mp3\x00"} {
		if _, _, err := m.Open(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open(%q): %v, want fs.ErrNotExist", name, err)
		}
	}
}

func TestMediaStaysInItsFolder(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret.mp3")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(folder, "link.mp3")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "folder.mp3"), 0o700); err != nil {
		t.Fatal(err)
	}
	m, err := recovery.OpenMedia(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if names := m.Names(); len(names) > 0 {
		t.Errorf("got %v, want none", names)
	}
}

func TestNoMediaHasNothing(t *testing.T) {
	var m *recovery.Media
	if m.Has("x.mp3") || m.Names() != nil || m.Close() != nil {
		t.Error("a nil Media has something")
	}
	if _, _, err := m.Open("x.mp3"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
	if _, err := recovery.OpenMedia(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a folder that is not there was opened")
	}
}
