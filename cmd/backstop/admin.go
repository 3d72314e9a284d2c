package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/handlers/pages"
)

// secrets are the keys of this data folder, and the admin's password.
type secrets struct {
	drillKey string
	apiToken string

	hashing  sync.Mutex
	hash     atomic.Pointer[string] // nil until it is known
	password config.Secret          // configured; "" else
	made     string                 // generated at this start, to be shown once
	shownIn  string                 // the file it was written to, "" for the terminal
	app      *app
}

// read reads the keys, or makes them. Where the folder cannot be written they
// live in memory only: calls are answered all the same.
func (s *secrets) read(a *app, c config.Config) {
	s.app = a
	s.password = c.AdminPassword
	s.drillKey = s.key(drillKeyFile)
	s.apiToken = s.key(apiTokenFile)
	hash, err := readSecret(s.path(adminHashFile))
	switch {
	case s.password != "":
	case err == nil && pages.ValidHash(hash):
		s.hash.Store(&hash)
	case err == nil:
		a.log.Error("the admin's password hash cannot be read: set a new password with backstop password", "file", s.path(adminHashFile))
	case errors.Is(err, fs.ErrNotExist):
		s.generate(a.w.terminal)
	default:
		a.log.Error("the admin's password hash cannot be read", "err", err)
	}
}

func (s *secrets) path(name string) string { return filepath.Join(s.app.folder.path, name) }

func (s *secrets) key(name string) string {
	secret, err := readOrCreate(s.app.folder.path, name, func() (string, error) { return randomHex(32), nil })
	if err != nil {
		s.app.log.Error("key not kept: it changes with the next start", "file", s.path(name), "err", err)
		return randomHex(32)
	}
	return secret
}

// generate makes a password, to be shown on the terminal or else in a file
// that only its owner can read; never in the log. Processes that start
// together share the file.
func (s *secrets) generate(terminal bool) {
	if terminal {
		s.made = randomPassword()
		return
	}
	made, err := readOrCreate(s.app.folder.path, passwordFile, func() (string, error) { return randomPassword(), nil })
	if err != nil {
		s.app.log.Error("generated password not written: set one with backstop password", "err", err)
		return
	}
	s.made, s.shownIn = made, s.path(passwordFile)
}

// prepare hashes a generated password in the background, to be kept: that
// takes 25 ms and 19 MiB, which a start has better use for. A configured one
// is hashed for the first who logs in.
func (s *secrets) prepare(ctx context.Context) error {
	if s.made == "" {
		return nil
	}
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(prepareAfter):
	}
	return s.hashOnce()
}

const prepareAfter = 2 * time.Second

// hashOnce hashes the password that was configured or generated, where there
// is one and it has not been done.
func (s *secrets) hashOnce() error {
	s.hashing.Lock()
	defer s.hashing.Unlock()
	password := s.made
	if s.password != "" {
		password = s.password.Reveal()
	}
	if password == "" || s.hash.Load() != nil {
		return nil
	}
	hash, err := pages.HashPassword(password)
	if err != nil {
		return err
	}
	debug.FreeOSMemory() // argon2's memory would be kept for minutes
	s.hash.Store(&hash)
	if s.made == "" {
		return nil
	}
	return s.keep(hash)
}

// keep writes the hash of a generated password. Another process that started
// at the same time may have been first: then its password counts.
func (s *secrets) keep(hash string) error {
	err := createSecret(s.path(adminHashFile), hash)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	first, err := readSecret(s.path(adminHashFile))
	if err != nil {
		return err
	}
	s.hash.Store(&first)
	if pages.VerifyPassword(first, s.made) {
		return nil
	}
	s.app.log.Warn("another process set the admin's password first: the one shown here does not count")
	if s.shownIn == "" {
		return nil
	}
	return os.Remove(s.shownIn)
}

// PasswordHash is the hash that logins are checked against. The file is read
// anew, so that backstop password works without a restart.
func (s *secrets) PasswordHash(username string) (encoded string, ok bool) {
	if username != adminName {
		return "", false
	}
	if s.password == "" {
		if hash, err := readSecret(s.path(adminHashFile)); err == nil && pages.ValidHash(hash) {
			return hash, true
		}
	}
	if err := s.hashOnce(); err != nil {
		s.app.log.Error("password not hashed", "err", err)
	}
	if hash := s.hash.Load(); hash != nil {
		return *hash, true
	}
	return "", false
}

const adminName = "admin"

type passwordCommand struct {
	Stdin bool `help:"Read the new password from standard input instead of making one."`
}

// Run sets a new password. A running Backstop takes it at once, and every
// session under the old one ends.
func (p passwordCommand) Run(w *world, c *cli) error {
	cfg, err := config.Load(w.getenv, c.Config)
	if err != nil {
		return err
	}
	if cfg.AdminPassword != "" {
		return errors.New("the password comes from ADMIN_PASSWORD (or admin_password): change it there, or remove it first")
	}
	password, err := p.choose(w)
	if err != nil {
		return err
	}
	data := folder{path: cfg.DataDir}
	if err := data.check(); err != nil {
		return err
	}
	hash, err := pages.HashPassword(password)
	if err != nil {
		return err
	}
	if err := replaceSecret(filepath.Join(cfg.DataDir, adminHashFile), hash); err != nil {
		return err
	}
	note := filepath.Join(cfg.DataDir, passwordFile)
	if err := os.Remove(note); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	switch {
	case p.Stdin:
		return w.say("The password of %s is set.\n", adminName)
	case w.terminal:
		return w.say("User %s, new password: %s\n", adminName, password)
	}
	if err := replaceSecret(note, password); err != nil {
		return err
	}
	return w.say("User %s, new password: in %s (readable by its owner only; delete it once you have read it)\n", adminName, note)
}
