package pages

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// What a new hash costs: OWASP's first choice for argon2id, about 25 ms and
// 19 MiB. https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
const (
	argonMemory  = 19 << 10 // KiB
	argonTime    = 2
	argonThreads = 1
	argonKey     = 32
	argonSalt    = 16
)

// Bounds of what an encoded hash may cost us.
const (
	maxArgonMemory = 1 << 20 // KiB
	maxArgonTime   = 64
)

// MaxPassword is how long a password may be, in bytes.
const MaxPassword = 1024

// HashPassword returns password as an argon2id hash in the usual encoding,
// with a salt of its own. It refuses an empty password and one of more than
// MaxPassword bytes.
func HashPassword(password string) (string, error) {
	if password == "" {
		return "", errors.New("the password is empty")
	}
	if len(password) > MaxPassword {
		return "", fmt.Errorf("the password is longer than %d bytes", MaxPassword)
	}
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt) // never fails: it ends the program instead
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

// VerifyPassword says whether encoded was made of password. It is false for an
// encoded hash that it cannot read.
func VerifyPassword(encoded, password string) bool {
	h, ok := parseHash(encoded)
	if !ok || len(password) > MaxPassword {
		return false
	}
	key := argon2.IDKey([]byte(password), h.salt, h.time, h.memory, h.threads, argonKey)
	return subtle.ConstantTimeCompare(key, h.key) == 1
}

// ValidHash says whether VerifyPassword can read encoded.
func ValidHash(encoded string) bool {
	_, ok := parseHash(encoded)
	return ok
}

type argonHash struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

func parseHash(encoded string) (h argonHash, ok bool) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return argonHash{}, false
	}
	n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.time, &h.threads)
	if err != nil || n != 3 || parts[3] != fmt.Sprintf("m=%d,t=%d,p=%d", h.memory, h.time, h.threads) {
		return argonHash{}, false
	}
	if h.memory < 8 || h.memory > maxArgonMemory || h.time < 1 || h.time > maxArgonTime || h.threads < 1 {
		return argonHash{}, false
	}
	salt, saltErr := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if saltErr != nil || keyErr != nil || len(salt) < 8 || len(key) != argonKey {
		return argonHash{}, false
	}
	h.salt, h.key = salt, key
	return h, true
}
