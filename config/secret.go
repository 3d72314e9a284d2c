package config

import (
	"fmt"
	"io"
	"log/slog"
)

// masked stands for a secret wherever it would be seen.
const masked = "•••"

// Secret is a string that shows itself only to those who Reveal it: fmt, slog,
// JSON and YAML print three dots.
type Secret string

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// Format prints three dots whatever the verb; an empty secret prints nothing.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// String is three dots, or empty where there is no secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return masked
}

// LogValue makes slog print what String does.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText makes JSON and YAML print what String does.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
