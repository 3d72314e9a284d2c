package incident_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/backstop-project/backstop/incident"
)

// TestTheIDsOfRetriesDifferInTheirTimeOnly holds what the history finds the
// stored one by.
func TestTheIDsOfRetriesDifferInTheirTimeOnly(t *testing.T) {
	t.Parallel()
	key := [16]byte{0: 0xff, 2: 0xff, 9: 0xff, 10: 0xff}
	first, retry := incident.KeyedID(noon, key), incident.KeyedID(noon.Add(time.Second), key)
	if first == retry || [10]byte(first[6:]) != [10]byte(retry[6:]) {
		t.Errorf("got %s and %s", first, retry)
	}
	key[10] = 0 // the last that has no place in an ID
	if again := incident.KeyedID(noon, key); again != first {
		t.Errorf("the same key and time made %s and %s", first, again)
	}
	key[9] = 0
	if other := incident.KeyedID(noon, key); other == first {
		t.Errorf("another key made %s too", other)
	}
}

func TestIDsAreUUIDsOfVersion7(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]incident.ID{
		"by chance":  incident.NewID(noon),
		"all zeroes": incident.KeyedID(noon, [16]byte{}),
		"all ones":   incident.KeyedID(noon, [16]byte([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"))),
	} {
		ms := int64(id[0])<<40 | int64(id[1])<<32 | int64(id[2])<<24 | int64(id[3])<<16 | int64(id[4])<<8 | int64(id[5])
		if id.Version() != 7 || id.Variant() != uuid.RFC4122 || ms != noon.UnixMilli() {
			t.Errorf("%s: %s is of version %d, variant %s, %d ms", name, id, id.Version(), id.Variant(), ms)
		}
	}
	if first, second := incident.NewID(noon), incident.NewID(noon); first == second {
		t.Error("two IDs by chance are the same")
	}
}
