package notify_test

import (
	"os"
	"testing"
	"time"

	"github.com/backstop-project/backstop/notify"
)

// defaultClientMost is short, so that a test can wait for it.
const defaultClientMost = 5 * time.Second

func TestMain(m *testing.M) {
	notify.BoundDefaultClient(defaultClientMost)
	os.Exit(m.Run())
}
