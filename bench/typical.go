package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	_ "github.com/mattn/go-sqlite3"
	twilioclient "github.com/twilio/twilio-go/client"
)

// typical is what most people would write, and write well: net/http parses the
// form, Twilio's library checks the signature, and a transaction of SQLite, as
// durable as ours, takes the failure before it is answered.
type typical struct {
	validator twilioclient.RequestValidator
	db        *sql.DB
}

// typicalSchema is a table of failures as the examples have it, with the three
// indexes without which nobody finds a call again.
const typicalSchema = `
	CREATE TABLE failures (
	  id TEXT PRIMARY KEY, received_at INTEGER NOT NULL, call_sid TEXT NOT NULL, from_number TEXT NOT NULL, to_number TEXT NOT NULL,
	  error_code TEXT NOT NULL, error_url TEXT NOT NULL, parameters TEXT NOT NULL
	);
	CREATE INDEX failures_received ON failures (received_at);
	CREATE INDEX failures_call ON failures (call_sid);
	CREATE INDEX failures_from ON failures (from_number);`

func newTypical(dir string) (*typical, error) {
	dsn := url.URL{Scheme: "file", Opaque: filepath.Join(dir, "typical.db"), RawQuery: "_journal_mode=WAL&_synchronous=FULL&_txlock=immediate&_busy_timeout=5000"}
	db, err := sql.Open("sqlite3", dsn.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)                             // several would only wait for each other, less well
	if _, err := db.Exec(typicalSchema); err != nil { //nolint:noctx // before anything is served
		return nil, err
	}
	return &typical{validator: twilioclient.NewRequestValidator(authToken), db: db}, nil
}

func (t *typical) answering(answer []byte) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := t.take(c.Request); err != nil {
			c.String(http.StatusInternalServerError, err.Error())
			return
		}
		send(c, answer)
	}
}

func (t *typical) take(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	params := make(map[string]string, len(r.PostForm))
	for name := range r.PostForm {
		params[name] = r.PostForm.Get(name)
	}
	if !t.validator.Validate(publicURL+r.URL.RequestURI(), params, r.Header.Get("X-Twilio-Signature")) {
		return fmt.Errorf("the signature of %s does not match", params["CallSid"])
	}
	all, err := json.Marshal(r.PostForm)
	if err != nil {
		return err
	}
	tx, err := t.db.BeginTx(r.Context(), nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it is done when it was committed
	if _, err := tx.ExecContext(r.Context(), `
		INSERT INTO failures (id, received_at, call_sid, from_number, to_number, error_code, error_url, parameters)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		uuid.NewString(), time.Now().UnixMilli(), params["CallSid"], params["From"], params["To"], params["ErrorCode"], params["ErrorUrl"], string(all),
	); err != nil {
		return err
	}
	return tx.Commit()
}
