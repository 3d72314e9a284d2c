package pages

import (
	"context"
	"errors"
	"math"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits of attempts to log in. One address has a few at once and then five a
// minute; all addresses together have more for one user, and those that this
// user has logged in from before have their own, so that strangers cannot keep
// somebody out.
const (
	perAddressBurst = 8
	perAddressEvery = 12 * time.Second
	perUserBurst    = 24
	perUserEvery    = 3 * time.Second
	maxKeys         = 10_000
	// A password costs a core for 25 ms: one at a time, so that callers are
	// never short of one, and few who wait for their turn.
	maxWaiting = 16
	waitFor    = 3 * time.Second
)

var errBusy = errors.New("too many people are logging in")

// door lets attempts to log in through to the password check, few at a time.
type door struct {
	checking chan struct{}
	waiting  chan struct{}

	mu        sync.Mutex
	addresses map[string]*rate.Limiter
	users     map[string]*rate.Limiter
	known     map[string]bool // user and address of past logins

	tidy *time.Timer // of whoever checks
}

func newDoor() *door {
	return &door{
		checking:  make(chan struct{}, 1),
		waiting:   make(chan struct{}, maxWaiting),
		addresses: map[string]*rate.Limiter{},
		users:     map[string]*rate.Limiter{},
		known:     map[string]bool{},
	}
}

// knocked is who has to wait before another attempt.
type knocked struct {
	byAddress bool // else by user
	wait      time.Duration
}

// knock counts an attempt; a positive wait means that it is one too many.
func (d *door) knock(address, user string, now time.Time) knocked {
	d.mu.Lock()
	defer d.mu.Unlock()
	if wait := take(d.addresses, address, perAddressEvery, perAddressBurst, now); wait > 0 {
		return knocked{byAddress: true, wait: wait}
	}
	key := user
	if d.known[user+"\x00"+address] {
		key = user + "\x00" + address
	}
	return knocked{wait: take(d.users, key, perUserEvery, perUserBurst, now)}
}

// take uses one token of the limiter under key, or says how long until there
// is one.
func take(limiters map[string]*rate.Limiter, key string, every time.Duration, burst int, now time.Time) time.Duration {
	limiter := limiters[key]
	if limiter == nil {
		makeRoom(limiters, now)
		limiter = rate.NewLimiter(rate.Every(every), burst)
		limiters[key] = limiter
	}
	if limiter.AllowN(now, 1) {
		return 0
	}
	missing := 1 - limiter.TokensAt(now)
	return time.Duration(math.Ceil(missing*every.Seconds())) * time.Second
}

// makeRoom forgets those who have all their attempts again, and in a flood
// somebody at random.
func makeRoom(limiters map[string]*rate.Limiter, now time.Time) {
	if len(limiters) < maxKeys {
		return
	}
	for key, limiter := range limiters {
		if limiter.TokensAt(now) >= float64(limiter.Burst()) {
			delete(limiters, key)
		}
	}
	for key := range limiters {
		if len(limiters) < maxKeys {
			return
		}
		delete(limiters, key)
	}
}

// opened notes a login: the address starts afresh.
func (d *door) opened(address, user string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.addresses, address)
	if len(d.known) >= maxSessions {
		clear(d.known)
	}
	d.known[user+"\x00"+address] = true
}

// check verifies a password when it is its turn. errBusy says that its turn
// did not come.
func (d *door) check(ctx context.Context, encoded, password string) (bool, error) {
	select {
	case d.waiting <- struct{}{}:
		defer func() { <-d.waiting }()
	default:
		return false, errBusy
	}
	ctx, cancel := context.WithTimeout(ctx, waitFor)
	defer cancel()
	select {
	case d.checking <- struct{}{}:
		defer func() { <-d.checking }()
	case <-ctx.Done():
		return false, errBusy
	}
	defer d.tidyUp()
	return VerifyPassword(encoded, password), nil
}

// tidyAfter is how long after the last check its memory is given back: a login is
// seldom alone.
const tidyAfter = 10 * time.Second

// tidyUp has the 19 MiB of a check given back to the system soon. By itself Go
// would keep them for minutes, in a process that else needs little more than half
// of that.
func (d *door) tidyUp() {
	if d.tidy == nil {
		d.tidy = time.AfterFunc(tidyAfter, debug.FreeOSMemory)
		return
	}
	d.tidy.Reset(tidyAfter)
}
