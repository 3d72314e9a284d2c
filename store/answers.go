package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/backstop-project/backstop/incident"
)

// answerKey is an answer without what differs from call to call.
type answerKey struct {
	step      string
	situation incident.Situation
	languages string
	name      string
	heard     string
	why       string
	outcome   incident.Outcome
	document  string
}

func keyOfAnswer(a incident.Answer) answerKey {
	return answerKey{
		a.Step, a.Situation, strings.Join(a.Languages, ","), a.Name, a.Heard, a.Why, a.Outcome, string(a.Document),
	}
}

// is says whether k is a's key, without making one.
func (k *answerKey) is(a *incident.Answer) bool {
	return k.document == string(a.Document) && k.step == a.Step && k.situation == a.Situation && k.name == a.Name &&
		k.heard == a.Heard && k.why == a.Why && k.outcome == a.Outcome && k.languages == strings.Join(a.Languages, ",")
}

func (k *answerKey) hash() []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %d %q %q %q %q %d %q",
		k.step, k.situation, k.languages, k.name, k.heard, k.why, k.outcome, k.document))
	return sum[:16]
}

// dictionaryAnswer is used like a text.
type dictionaryAnswer struct {
	id       int64
	usedHour int64
}

func (t *tx) answer(ctx context.Context, a incident.Answer, at int64) (int64, error) {
	hour := at / hourMillis
	if !t.lastAnswer.is(&a) { // in a storm most are like the one before
		t.lastAnswer = keyOfAnswer(a)
	}
	key := t.lastAnswer
	known := t.answers[key]
	if known == nil {
		var err error
		if known, err = t.findAnswer(ctx, key, hour); err != nil {
			return 0, fmt.Errorf("dictionary of answers: %w", err)
		}
		t.answers[key] = known
		t.answerBytes += len(key.document) + len(key.heard)
	}
	if known.usedHour >= hour {
		return known.id, nil
	}
	known.usedHour = hour
	return known.id, t.run(ctx, `
		UPDATE answers
		SET used_at = ?2
		WHERE id = ?1`, known.id, hour*hourMillis)
}

func (t *tx) findAnswer(ctx context.Context, key answerKey, hour int64) (*dictionaryAnswer, error) {
	hash := key.hash()
	var id, used int64
	err := t.QueryRowContext(ctx, `
		SELECT id, used_at
		FROM answers
		WHERE hash = ?1`, hash).Scan(&id, &used)
	if !errors.Is(err, sql.ErrNoRows) {
		return &dictionaryAnswer{id, used / hourMillis}, err
	}
	document, err := t.document(ctx, key.document)
	if err != nil {
		return nil, err
	}
	id, err = t.insert(ctx, `
		INSERT INTO answers (hash, step, situation, languages, name, heard, why, outcome, document_id, used_at)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)`,
		hash, key.step, int(key.situation), key.languages, key.name, key.heard, key.why, int(key.outcome), document,
		hour*hourMillis)
	return &dictionaryAnswer{id, hour}, err
}

func (t *tx) document(ctx context.Context, body string) (int64, error) {
	hash := hashOf(body)
	id, err := integer(ctx, t, `
		SELECT id
		FROM documents
		WHERE hash = ?1`, hash)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	packed, err := compress(body)
	if err != nil {
		return 0, err
	}
	return t.insert(ctx, `
		INSERT INTO documents (hash, body)
		VALUES (?1, ?2)`, hash, packed)
}

// hashOf is what a document is found by.
func hashOf(body string) []byte {
	sum := sha256.Sum256([]byte(body))
	return sum[:16]
}

// Documents are new so rarely that an encoder is made for each.
func compress(body string) ([]byte, error) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	return e.EncodeAll([]byte(body), nil), e.Close()
}
