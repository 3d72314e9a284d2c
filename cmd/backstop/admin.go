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
	app      *app
	drillKey string
	followUp string // key of the addresses by which a call goes on
	act      string // key of what people may do from where they read
	apiToken string
	password config.Secret // configured; "" else

	made atomic.Pointer[madePassword] // at this start; nil where none was
	hash atomic.Pointer[string]       // nil until it is known

	mu      sync.Mutex        // guards what is below, and hashing
	unkept  map[string]string // by file: what the folder did not take so far
	missing bool              // the folder could not say whether there is a password, or keep one
}

// madePassword is one that was generated, to be shown once.
type madePassword struct{ text, file string } // file is "" for the terminal

// read reads the keys, or makes them. Where the folder cannot be written they
// live in memory until it can: calls are answered all the same.
func (s *secrets) read(a *app, c config.Config) {
	s.app, s.unkept = a, map[string]string{}
	s.password = c.AdminPassword
	s.drillKey = s.key(drillKeyFile)
	s.followUp = s.key(followUpFile)
	s.act = s.key(actKeyFile)
	s.apiToken = s.key(apiTokenFile)
	if s.password == "" {
		s.readHash(a.w.terminal)
	}
}

// readHash reads the hash of the password, or generates one where there is
// none.
func (s *secrets) readHash(terminal bool) {
	hash, err := readSecret(s.path(adminHashFile))
	switch {
	case err == nil && pages.ValidHash(hash):
		s.hash.Store(&hash)
	case err == nil:
		s.app.log.Error("the admin's password hash cannot be read: set a new password with backstop password", "file", s.path(adminHashFile))
	case errors.Is(err, fs.ErrNotExist):
		s.generate(terminal)
	default:
		s.missing = true
		s.app.log.Error("the admin's password hash cannot be read: it is as soon as the data folder can be", "err", err)
	}
}

func (s *secrets) path(name string) string { return filepath.Join(s.app.folder.path, name) }

func (s *secrets) key(name string) string {
	secret, err := readOrCreate(s.app.folder.path, name, func() (string, error) { return randomHex(32), nil })
	if err != nil {
		secret = randomHex(32)
		s.unkept[name] = secret
		s.app.log.Error("key not kept: it is written as soon as the data folder takes it, or changes with the next start", "file", s.path(name), "err", err)
	}
	return secret
}

// generate makes a password, to be shown on the terminal or else in a file
// that only its owner can read; never in the log. Processes that start
// together share the file.
func (s *secrets) generate(terminal bool) {
	if terminal {
		s.made.Store(&madePassword{text: randomPassword()})
		return
	}
	text, err := readOrCreate(s.app.folder.path, passwordFile, func() (string, error) { return randomPassword(), nil })
	if err != nil {
		s.missing = true
		s.app.log.Error("generated password not written: it is as soon as the data folder takes it", "err", err)
		return
	}
	s.made.Store(&madePassword{text, s.path(passwordFile)})
}

// keepWaiting writes what the folder did not take at the start. Where another
// process of the folder was first, its keys count, from the next start on.
func (s *secrets) keepWaiting() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, secret := range s.unkept {
		switch err := createSecret(s.path(name), secret); {
		case errors.Is(err, fs.ErrExist):
			s.app.log.Warn("another process of the data folder made its own: a restart takes that", "file", s.path(name))
		case err != nil:
			return // the folder does not take it yet
		}
		delete(s.unkept, name)
	}
	if !s.missing {
		return
	}
	s.missing = false
	s.readHash(false)
	if made := s.made.Load(); made != nil {
		s.app.log.Info("generated password written", "file", made.file)
	}
}

// prepare hashes a generated password in the background, to be kept: that
// takes 25 ms and 19 MiB, which a start has better use for. A configured one
// is hashed for the first who logs in.
func (s *secrets) prepare(ctx context.Context) error {
	if s.made.Load() == nil {
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
	s.mu.Lock()
	defer s.mu.Unlock()
	made, password := s.made.Load(), s.password.Reveal()
	if password == "" && made != nil {
		password = made.text
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
	if made == nil {
		return nil
	}
	return s.keep(hash, *made)
}

// keep writes the hash of a generated password. Another process that started
// at the same time may have been first: then its password counts.
func (s *secrets) keep(hash string, made madePassword) error {
	err := createSecret(s.path(adminHashFile), hash)
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrExist) {
		s.unkept[adminHashFile] = hash
		return err
	}
	first, err := readSecret(s.path(adminHashFile))
	if err != nil {
		return err
	}
	s.hash.Store(&first)
	if pages.VerifyPassword(first, made.text) {
		return nil
	}
	s.app.log.Warn("another process set the admin's password first: the one shown here does not count")
	if made.file == "" {
		return nil
	}
	return os.Remove(made.file)
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
