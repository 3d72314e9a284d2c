package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
)

// environment is what the process was given, asked name by name. An empty
// variable is an unset one: that is how compose files pass on what is missing.
type environment struct {
	getenv func(string) string
	review *review
	seen   map[string]value // secrets, each read once
}

func newEnvironment(getenv func(string) string, r *review) *environment {
	return &environment{getenv: getenv, review: r, seen: make(map[string]value)}
}

// value is the variable called name.
func (e *environment) value(name string) value {
	text := strings.TrimSpace(e.getenv(name))
	return value{key: name, text: text, written: text}
}

// secret is the variable called name, or the content of the file that its
// …_FILE names, which is how Docker and Kubernetes hand over secrets.
func (e *environment) secret(name string) value {
	if v, ok := e.seen[name]; ok {
		return v
	}
	v := e.readSecret(name)
	e.review.hide(v.text)
	e.seen[name] = v
	return v
}

func (e *environment) readSecret(name string) value {
	text := e.getenv(name)
	v := value{key: name, text: text, written: text, secret: true}
	path := e.value(name + "_FILE")
	if !path.set() {
		return v
	}
	if v.set() {
		e.review.mistake(path, "is set, and so is "+name, "unset one of the two")
		v.invalid = true
		return v
	}
	content, err := readBounded(path.text, maxSecretFile)
	if err != nil {
		e.review.mistake(path, "cannot be read: "+reason(err), "name a readable file that holds nothing but the secret")
		v.invalid = true
		return v
	}
	v.text = strings.TrimRight(string(content), "\r\n")
	v.written = v.text
	if !v.set() {
		e.review.mistake(path, "names an empty file", "write the secret into it, or unset the variable")
		v.invalid = true
	}
	return v
}

// Bounds of what is read.
const (
	maxSecretFile = 64 << 10
	maxFile       = 2 << 20 // some 30,000 lines; the YAML parser takes 50 µs for each
)

var errTooLarge = errors.New("it is too large")

func readBounded(path string, limit int64) ([]byte, error) {
	switch info, err := os.Stat(path); {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() && !info.IsDir(): // a pipe would hold up the start for ever
		return nil, errors.New("is a pipe or a device")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if int64(len(content)) > limit {
		return nil, errTooLarge
	}
	return content, nil
}

// reason is what the system said, without the path: it may have come through
// ${X}.
func reason(err error) string {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err.Error()
	}
	return err.Error()
}
