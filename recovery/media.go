package recovery

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// MediaPath is where the files of the media folder are served. Our TwiML names
// them by this path alone: Twilio resolves it against the address that it got
// the TwiML from, so that it works behind every public name we have.
const MediaPath = "/media/"

// Media is a folder of recordings that answers play. It knows the files that
// were there when it was opened; others are not served.
type Media struct {
	root  *os.Root
	files map[string]string // name: content type
}

// mediaTypes are what Twilio plays, by the end of the name:
// https://www.twilio.com/docs/voice/twiml/play#supported-audio-file-types.
func mediaType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".mp3":
		return "audio/mpeg"
	case ".wav":
		return "audio/wav"
	case ".aif", ".aiff":
		return "audio/aiff"
	case ".gsm":
		return "audio/x-gsm"
	case ".ulaw":
		return "audio/ulaw"
	}
	return ""
}

// OpenMedia lists a folder. Files that Twilio could not play, or whose names
// would have to be escaped in a URL, are passed over.
func OpenMedia(folder string) (*Media, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("media: %w: name a folder that can be read, or remove the setting", err)
	}
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("media: %w: make the folder readable for Backstop", err), root.Close())
	}
	m := &Media{root: root, files: map[string]string{}}
	for _, entry := range entries {
		kind := mediaType(entry.Name())
		if kind == "" || !plainName(entry.Name()) {
			continue
		}
		if info, err := root.Stat(entry.Name()); err == nil && info.Mode().IsRegular() {
			m.files[entry.Name()] = kind
		}
	}
	return m, nil
}

// plainName says whether name means the same in a URL as in a folder.
func plainName(name string) bool {
	return name != "" && name[0] != '.' && strings.IndexFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_'
	}) < 0
}

// Names are the files that can be played, in order. A nil Media has none.
func (m *Media) Names() []string {
	if m == nil {
		return nil
	}
	names := make([]string, 0, len(m.files))
	for name := range m.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Has says whether a file can be played.
func (m *Media) Has(name string) bool {
	if m == nil {
		return false
	}
	_, ok := m.files[name]
	return ok
}

// Open opens a file to be served, with its content type. The error is
// fs.ErrNotExist for whatever is not among Names, paths that leave the folder
// included. The caller closes it.
func (m *Media) Open(name string) (file *os.File, contentType string, err error) {
	if !m.Has(name) {
		return nil, "", fmt.Errorf("media %q: %w", name, fs.ErrNotExist)
	}
	file, err = m.root.Open(name)
	if err != nil {
		return nil, "", fmt.Errorf("media %q: %w", name, err)
	}
	return file, m.files[name], nil
}

// Close gives the folder back. A nil Media has nothing to give.
func (m *Media) Close() error {
	if m == nil {
		return nil
	}
	return m.root.Close()
}
