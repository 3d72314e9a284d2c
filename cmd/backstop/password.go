package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/handlers/pages"
)

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
