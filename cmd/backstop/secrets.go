package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Files in DATA_DIR that hold what must outlive a lost ledger. All are 0600.
const (
	drillKeyFile  = "drill.key"      // signs drills
	actKeyFile    = "act.key"        // seals what people may do from where they read
	followUpFile  = "followup.key"   // seals the addresses by which a call goes on
	apiTokenFile  = "api.token"      // bearer of /metrics and /api
	adminHashFile = "admin.hash"     // argon2id of the admin's password
	passwordFile  = "admin.password" // the generated password, until it is changed; only where there is no terminal
)

// readOrCreate returns the secret in a file of the data folder, and makes it
// where there is none. Two processes that start together get the same one.
func readOrCreate(dir, name string, make func() (string, error)) (secret string, err error) {
	path := filepath.Join(dir, name)
	secret, err = readSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	fresh, err := make()
	if err != nil {
		return "", err
	}
	err = createSecret(path, fresh)
	if errors.Is(err, fs.ErrExist) {
		return readSecret(path)
	}
	return fresh, err
}

func readSecret(path string) (string, error) {
	raw, err := os.ReadFile(path) //nolint:gosec // a file in DATA_DIR
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(raw))
	if secret == "" {
		return "", fmt.Errorf("%s is empty: delete it, and the next start makes a new one", path)
	}
	return secret, nil
}

// createSecret writes a new file whole or not at all: a complete temporary
// file is linked to its name, which fails where the name is taken.
func createSecret(path, secret string) error {
	temporary, err := writeTemporary(path, secret)
	if err != nil {
		return err
	}
	defer os.Remove(temporary)
	return os.Link(temporary, path)
}

// replaceSecret is createSecret for a name that may be taken.
func replaceSecret(path, secret string) error {
	temporary, err := writeTemporary(path, secret)
	if err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

func writeTemporary(path, secret string) (name string, err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // 0600 by its own promise
	if err != nil {
		return "", err
	}
	_, err = file.WriteString(secret + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return "", errors.Join(err, os.Remove(file.Name()))
	}
	return file.Name(), nil
}

// randomHex is n random bytes in hexadecimal.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: see its documentation
	return hex.EncodeToString(b)
}

// randomPassword is 100 bits in groups that can be read out over a telephone.
func randomPassword() string {
	text := strings.ToLower(rand.Text())
	return strings.Join([]string{text[:5], text[5:10], text[10:15], text[15:20]}, "-")
}

// drillToken is the bearer token that whoever holds the drill key may ask for
// a drill's deliveries with.
func drillToken(key string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("backstop /api/v1/drills"))
	return hex.EncodeToString(mac.Sum(nil))
}
