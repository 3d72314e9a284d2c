package config

import (
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/backstop-project/backstop/handlers/pages"
)

// boolean is true or false.
func (r *review) boolean(v value, otherwise bool) bool {
	switch v.text {
	case "true":
		return true
	case "false":
		return false
	}
	if v.set() {
		r.mistake(v, "is neither true nor false", "write true or false")
	}
	return otherwise
}

// days is a number of days.
func (r *review) days(v value, otherwise int) int {
	const most = 36500
	if !v.set() {
		return otherwise
	}
	n, err := strconv.Atoi(v.text)
	if err != nil || n < 1 || n > most {
		r.mistake(v, "is no number of days", "write a whole number between 1 and 36500")
		return otherwise
	}
	return n
}

var sizes = regexp.MustCompile(`^([0-9]{1,15}(?:\.[0-9]{1,6})?) ?([KMGT])(I?)B$`)

// size is a number of bytes: 10GB is ten thousand million, 10GiB a little more.
func (r *review) size(v value, otherwise, least int64) int64 {
	if !v.set() {
		return otherwise
	}
	parts := sizes.FindStringSubmatch(strings.ToUpper(v.text))
	if parts == nil {
		r.mistake(v, "is no size", "write a number and its unit, such as 500MB or 10GB")
		return otherwise
	}
	number, _ := strconv.ParseFloat(parts[1], 64) // the pattern lets only numbers through
	base := 1000.0
	if parts[3] != "" {
		base = 1024
	}
	switch bytes := number * math.Pow(base, float64(strings.Index(" KMGT", parts[2]))); {
	case bytes < float64(least):
		r.mistake(v, "is too small to be of use", "write at least 10MB")
	case bytes > 1<<60:
		r.mistake(v, "is larger than any disk", "write a size such as 10GB")
	default:
		return int64(bytes)
	}
	return otherwise
}

// timeZone is where the people live who read alerts.
func (r *review) timeZone(v value) *time.Location {
	if !v.set() {
		return time.UTC
	}
	zone, err := time.LoadLocation(v.text)
	if err != nil || v.text == "Local" {
		r.mistake(v, "is no time zone", `write a name of the IANA database, such as "Europe/Berlin" or "America/New_York"`)
		return time.UTC
	}
	return zone
}

// logLevel is the least level that is logged.
func (r *review) logLevel(v value) slog.Level {
	switch strings.ToLower(v.text) {
	case "debug":
		return slog.LevelDebug
	case "warn":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	case "info", "":
	default:
		r.mistake(v, "is no log level", "write debug, info, warn or error")
	}
	return slog.LevelInfo
}

// folder is a folder that must be there; ok is false where none is configured,
// or where it is not there.
func (r *review) folder(v value) (path string, ok bool) {
	if path = v.folder(); path == "" {
		return "", false
	}
	switch info, err := os.Stat(path); {
	case err != nil:
		r.mistake(v, "cannot be opened: "+reason(err), "create the folder, or leave the key out")
	case !info.IsDir():
		r.mistake(v, "is no folder", "name the folder that holds the files")
	default:
		return path, true
	}
	return "", false
}

// folder is v as a path, "" where nothing is configured.
func (v value) folder() string {
	if !v.set() {
		return ""
	}
	return v.path()
}

// dataDir is where everything is kept; it need not be there yet.
func (r *review) dataDir(v value) string {
	if !v.set() {
		return "data"
	}
	path := v.path()
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		r.mistake(v, "is a file", "name a folder; it is created where it is missing")
	}
	return path
}

// path is v as a path: relative to the file that says it, or to the working
// folder where the environment does.
func (v value) path() string {
	if v.file == "" || filepath.IsAbs(v.text) {
		return filepath.Clean(v.text)
	}
	return filepath.Join(filepath.Dir(v.file), v.text)
}

// ledgerPath is the SQLite file of the ledger.
func (r *review) ledgerPath(v value, dataDir string) string {
	otherwise := filepath.Join(dataDir, "backstop.db")
	if !v.set() {
		return otherwise
	}
	scheme, rest, found := strings.Cut(v.text, ":")
	if !found {
		return v.path()
	}
	switch strings.ToLower(scheme) {
	case "sqlite", "sqlite3", "file":
		v.text = strings.TrimPrefix(rest, "//")
		if v.set() && !strings.ContainsAny(v.text, "?#") {
			return v.path()
		}
		r.mistake(v, "names no file", "write sqlite:///var/lib/backstop/backstop.db, or leave it out: then the file is backstop.db in DATA_DIR")
	case "postgres", "postgresql":
		r.mistake(v, "asks for Postgres, which Backstop does not speak yet", "leave it out: the history is kept in SQLite in DATA_DIR")
	default:
		r.mistake(v, "is a database that Backstop does not know", "leave it out: the history is kept in SQLite in DATA_DIR")
	}
	return otherwise
}

// oneOf is one of some words, the first where nothing is said.
func (r *review) oneOf(v value, words ...string) string {
	if !v.set() {
		return words[0]
	}
	if !slices.Contains(words, v.text) {
		r.mistake(v, "is no word for this", "write "+strings.Join(words, " or "))
	}
	return v.text
}

// adminPassword is the password of the user admin, as the login takes it.
func (r *review) adminPassword(v value) Secret {
	const short = 12
	switch n := len(v.text); {
	case !v.set():
		return ""
	case n > pages.MaxPassword:
		r.mistake(v, fmt.Sprintf("is longer than %d bytes", pages.MaxPassword), "choose a shorter password")
	case strings.ContainsFunc(v.text, unicode.IsControl):
		r.mistake(v, "has a line break or another control character in it", "choose a password that can be typed into one line")
	case n < short:
		r.warn(v, "is short: 12 characters and more are hard to guess")
	}
	return Secret(v.text)
}

// duration reads "3s" or "500ms".
func (r *review) duration(v value, otherwise, least, most time.Duration) time.Duration {
	if !v.set() {
		return otherwise
	}
	d, err := time.ParseDuration(v.text)
	if err != nil || d < least || d > most {
		example := otherwise
		if example < least || example > most {
			example = least
		}
		r.mistake(v, "is no time that can be waited for", fmt.Sprintf("write one between %s and %s, such as %s", short(least), short(most), short(example)))
		return otherwise
	}
	return d
}

// rate is how often in a second.
func (r *review) rate(v value, otherwise, least, most float64) float64 {
	if !v.set() {
		return otherwise
	}
	n, err := strconv.ParseFloat(v.text, 64)
	if err != nil || !(least <= n && n <= most) { // which no NaN is
		r.mistake(v, "is no number of times a second", fmt.Sprintf("write one between %g and %g", least, most))
		return otherwise
	}
	return n
}

// short is a duration as people write it: "1m", not "1m0s".
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
