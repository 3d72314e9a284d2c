package hook

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/backstop-project/backstop/twilio"
)

// Unverified is a request whose signature did not match, as pages show it.
type Unverified struct {
	At     time.Time
	Reason twilio.Reason
}

// kept is an unverified request in memory.
type kept struct {
	at        time.Time
	request   twilio.Request
	token     string // idempotency token
	rejected  bool   // answered 403, not the apology
	readable  bool   // it could be parsed, so it may verify later
	ours      bool
	account   string
	reason    twilio.Reason
	diagnosed bool
}

// size is what k takes in memory, near enough: the texts of its parameters are as
// long as its body.
func (k *kept) size() int {
	r := &k.request
	return 512 + 2*len(r.Body) + len(r.URI) + 64*len(r.Params) + len(r.Signature) + len(r.Host) +
		len(r.ContentType) + len(r.ForwardedProto) + len(r.ForwardedHost) + len(r.ForwardedPort) + len(k.token)
}

// bound cuts what strangers may make as long as they like, and copies it: a
// header's text holds on to the whole of its request, and body and parameters are in
// room that the next one gets.
func (k *kept) bound() {
	k.request.Body, k.request.Params = bytes.Clone(k.request.Body), slices.Clone(k.request.Params)
	k.account, k.request.URI = strings.Clone(k.account), strings.Clone(k.request.URI) // not all that they lie in
	for _, field := range []*string{
		&k.request.Method, &k.request.Signature, &k.request.Host, &k.request.ContentType,
		&k.request.ForwardedProto, &k.request.ForwardedHost, &k.request.ForwardedPort, &k.token,
	} {
		*field = strings.Clone((*field)[:min(len(*field), longestField)])
	}
}

// longestField is longer than any such header of Twilio's.
const longestField = 256

// unverified keeps the newest unverified requests in memory, and nothing on
// the disk. It is bounded in number, bytes and age.
type unverified struct {
	mu    sync.Mutex
	queue []*kept // oldest first
	bytes int
	news  tally // of requests for our accounts, since it was asked last
}

const (
	keepUnverified      = 5000
	keepUnverifiedBytes = 8 << 20
	keepUnverifiedFor   = 24 * time.Hour
)

// add keeps k; where there is no room the oldest go.
func (u *unverified) add(k *kept) {
	k.bound()
	u.mu.Lock()
	defer u.mu.Unlock()
	if k.ours {
		u.news = u.news.and(k)
	}
	u.queue = append(u.queue, k)
	u.bytes += k.size()
	for len(u.queue) > keepUnverified || u.bytes > keepUnverifiedBytes {
		u.drop(1)
	}
	u.expire(k.at)
}

func (u *unverified) expire(now time.Time) {
	old := 0
	for old < len(u.queue) && now.Sub(u.queue[old].at) > keepUnverifiedFor {
		old++
	}
	u.drop(old)
}

func (u *unverified) held() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.bytes
}

func (u *unverified) drop(n int) {
	for i, k := range u.queue[:n] {
		u.bytes -= k.size()
		u.queue[i] = nil
	}
	u.queue = u.queue[n:]
}

// takeAll empties the memory: everything is verified again.
func (u *unverified) takeAll() []*kept {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := u.queue
	u.queue, u.bytes = nil, 0
	return all
}

// putBack keeps what did not verify this time either. It goes before what came
// in meanwhile, and is not counted again.
func (u *unverified) putBack(again []*kept) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, k := range again {
		k.diagnosed = false
		u.bytes += k.size()
	}
	u.queue = append(again, u.queue...)
	for len(u.queue) > keepUnverified || u.bytes > keepUnverifiedBytes {
		u.drop(1)
	}
}

// undiagnosed is the newest request whose reason has not been looked for.
func (u *unverified) undiagnosed() *kept {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, k := range slices.Backward(u.queue) {
		if !k.diagnosed {
			return k
		}
	}
	return nil
}

// diagnosed notes what was found for k.
func (u *unverified) diagnosed(k *kept, reason twilio.Reason) {
	u.mu.Lock()
	defer u.mu.Unlock()
	k.diagnosed, k.reason = true, reason
}

// and is n with one more.
func (n tally) and(k *kept) tally {
	n.requests++
	if k.rejected {
		n.rejected++
	}
	return n
}

// tell counts k as news.
func (u *unverified) tell(k *kept) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.news = u.news.and(k)
}

// takeNews is what came since it was asked last.
func (u *unverified) takeNews() tally {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := u.news
	u.news = tally{}
	return n
}

// list is what pages show: the newest first, at most limit.
func (u *unverified) list(limit int, now time.Time) []Unverified {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.expire(now)
	var list []Unverified
	for _, k := range slices.Backward(u.queue[max(0, len(u.queue)-limit):]) {
		list = append(list, Unverified{At: k.at, Reason: k.reason})
	}
	return list
}
