package notify

import (
	"net/http"
	"time"
)

// BoundDefaultClient gives http.DefaultClient a deadline for a whole exchange.
// Some of shoutrrr's services post by it and let nobody replace it: without one a
// server that never answers holds their sends for ever, and with them what waits.
// It is for a program's first moment: the client is shared by all of it.
func BoundDefaultClient(d time.Duration) { http.DefaultClient.Timeout = d }
