package pages

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
)

// sessionFor is how long a login lasts.
const sessionFor = 12 * time.Hour

// maxSessions bounds the store: beyond it the oldest login ends.
const maxSessions = 1000

// The fields of a session.
const (
	userField = "user"
	hashField = "hash" // a digest of the password's hash: a new password ends the session
)

// sessions holds who is logged in. A restart ends all logins: they are kept in
// memory only.
type sessions struct {
	secure *scs.SessionManager // over https
	plain  *scs.SessionManager // over loopback http
}

func newSessions(now func() time.Time) *sessions {
	store := &sessionStore{now: now, byToken: map[string]storedSession{}}
	return &sessions{
		secure: newManager(store, "__Host-backstop", true),
		plain:  newManager(store, "backstop", false),
	}
}

// newManager does not call scs.New, which would leave a goroutine running for
// a store that is not used.
func newManager(store scs.Store, name string, secure bool) *scs.SessionManager {
	return &scs.SessionManager{
		Store: store, Codec: scs.GobCodec{}, Lifetime: sessionFor, HashTokenInStore: true,
		Cookie: scs.SessionCookie{
			Name: name, Path: "/", Secure: secure, HttpOnly: true, Persist: true,
			SameSite: http.SameSiteLaxMode, // a link in an alert must find the login
		},
	}
}

// manager is the one for how r travelled, nil where there can be no login.
func (s *sessions) manager(t transport) *scs.SessionManager {
	switch t {
	case https:
		return s.secure
	case loopback:
		return s.plain
	case plainHTTP:
	}
	return nil
}

// load returns r's context with its session in it.
func load(m *scs.SessionManager, r *http.Request) (context.Context, error) {
	var token string
	if cookie, err := r.Cookie(m.Cookie.Name); err == nil {
		token = cookie.Value
	}
	return m.Load(r.Context(), token)
}

// user is who is logged in, "" for nobody.
func (s *sessions) user(t transport, r *http.Request, passwords Passwords) string {
	m := s.manager(t)
	if m == nil {
		return ""
	}
	ctx, err := load(m, r)
	if err != nil {
		return ""
	}
	user := m.GetString(ctx, userField)
	encoded, known := passwords.PasswordHash(user)
	if user == "" || !known || m.GetString(ctx, hashField) != digest(encoded) {
		return ""
	}
	return user
}

// begin logs user in, under a new token.
func (s *sessions) begin(t transport, w http.ResponseWriter, r *http.Request, user, encoded string) error {
	m := s.manager(t)
	ctx, err := load(m, r)
	if err != nil {
		return err
	}
	if err := m.RenewToken(ctx); err != nil {
		return err
	}
	m.Put(ctx, userField, user)
	m.Put(ctx, hashField, digest(encoded))
	token, expiry, err := m.Commit(ctx)
	if err != nil {
		return err
	}
	m.WriteSessionCookie(ctx, w, token, expiry)
	return nil
}

// end logs out whoever is logged in.
func (s *sessions) end(t transport, w http.ResponseWriter, r *http.Request) error {
	m := s.manager(t)
	if m == nil {
		return nil
	}
	ctx, err := load(m, r)
	if err != nil {
		return err
	}
	m.WriteSessionCookie(ctx, w, "", time.Time{})
	return m.Destroy(ctx)
}

func digest(encoded string) string {
	sum := sha256.Sum256([]byte(encoded))
	return hex.EncodeToString(sum[:])
}

// sessionStore keeps sessions in memory, at most maxSessions of them.
type sessionStore struct {
	now     func() time.Time
	mu      sync.Mutex
	byToken map[string]storedSession
}

type storedSession struct {
	data   []byte
	expiry time.Time
}

// Find returns the session under token while it lasts.
func (s *sessionStore) Find(token string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.byToken[token]
	if !ok || !s.now().Before(found.expiry) {
		delete(s.byToken, token)
		return nil, false, nil
	}
	return found.data, true, nil
}

// Commit keeps a session until expiry. Where there is no room, the one that
// would have ended first ends now.
func (s *sessionStore) Commit(token string, data []byte, expiry time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.byToken[token]; !known && len(s.byToken) >= maxSessions {
		s.dropOne()
	}
	s.byToken[token] = storedSession{data: bytes.Clone(data), expiry: expiry}
	return nil
}

func (s *sessionStore) dropOne() {
	var oldest string
	for token, session := range s.byToken {
		if oldest == "" || session.expiry.Before(s.byToken[oldest].expiry) {
			oldest = token
		}
	}
	delete(s.byToken, oldest)
}

// Delete ends a session.
func (s *sessionStore) Delete(token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byToken, token)
	return nil
}
