package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// say prints to whoever ran the command.
func (w *world) say(format string, args ...any) error {
	_, err := fmt.Fprintf(w.stdout, format, args...)
	return err
}

// choose reads the new password, or makes one.
func (p passwordCommand) choose(w *world) (string, error) {
	if !p.Stdin {
		return randomPassword(), nil
	}
	line, err := bufio.NewReader(w.stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	password := strings.TrimRight(line, "\r\n")
	if len(password) < 12 {
		return "", errors.New("the password has fewer than 12 characters: whoever guesses it sees your callers")
	}
	return password, nil
}
