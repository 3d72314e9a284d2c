package params_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/backstop-project/backstop/store/params"
)

func packer(tb testing.TB) *params.Packer {
	tb.Helper()
	p, err := params.New()
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// roundTrip packs and unpacks, and compares.
func roundTrip(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, p *params.Packer, request []params.Param, known []string,
) []byte {
	t.Helper()
	packed := p.Pack([]byte("before"), request, known)
	if !bytes.HasPrefix(packed, []byte("before")) {
		t.Fatalf("what stood in front is gone: %q", packed)
	}
	packed = packed[len("before"):]
	got, err := p.Unpack(packed, known)
	if err != nil {
		t.Fatalf("unpack: %v", err)
	}
	if len(got) == 0 && len(request) == 0 {
		return packed
	}
	if diff := cmp.Diff(request, got); diff != "" {
		t.Fatalf("not what was packed (-want +got):\n%s", diff)
	}
	return packed
}

func TestParametersComeBackByteForByte(t *testing.T) {
	p := packer(t)
	known := []string{"AC1", "CA1", "+14155550100", "", "https://www.example.com/", "11200"}
	for name, request := range map[string][]params.Param{
		"none":                           nil,
		"one that is empty":              {{Name: "From", Value: ""}},
		"an empty name":                  {{Name: "", Value: "x"}, {Name: "", Value: ""}},
		"known values":                   {{Name: "From", Value: "+14155550100"}, {Name: "Caller", Value: "+14155550100"}, {Name: "AccountSid", Value: "AC1"}},
		"repeated names in order":        {{Name: "a", Value: "1"}, {Name: "b", Value: "2"}, {Name: "a", Value: "1"}, {Name: "a", Value: "3"}},
		"words of the list":              {{Name: "CallStatus", Value: "ringing"}, {Name: "x", Value: "WY"}, {Name: "InstanceSid", Value: "Berlin"}},
		"invalid UTF-8 and NUL":          {{Name: "Body", Value: "\xff\xfe\x00\x00 \xc3("}, {Name: "\x00", Value: "\n"}},
		"a body that is worth packing":   {{Name: "Body", Value: strings.Repeat("What time do you open on Monday? ", 40)}},
		"a body that cannot be packed":   {{Name: "CallToken", Value: noise(900)}},
		"two hundred unknown parameters": many(200),
	} {
		t.Run(name, func(t *testing.T) { roundTrip(t, p, request, known) })
	}
}

func many(n int) (request []params.Param) {
	for i := range n {
		request = append(request, params.Param{Name: "SipHeader_X-" + noise(i%7), Value: noise(i % 40)})
	}
	return request
}

// noise is the same n bytes every time, with no pattern in them.
func noise(n int) string {
	s, x := make([]byte, n), uint32(2463534242)
	for i := range s {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		s[i] = byte(x)
	}
	return string(s)
}

func TestAnyParametersComeBack(t *testing.T) {
	p := packer(t)
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "From", "CallSid", "ringing", "US", "+14155550100", "2010-04-01"}),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(t *rapid.T) {
		request := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) params.Param {
			return params.Param{Name: text.Draw(t, "name"), Value: text.Draw(t, "value")}
		}), 0, 60).Draw(t, "request")
		known := rapid.SliceOfN(text, 0, 10).Draw(t, "known")
		roundTrip(t, p, request, known)
	})
}

func TestBytesThatNobodyPackedAreAnError(t *testing.T) {
	p := packer(t)
	good := p.Pack(nil, []params.Param{{Name: "From", Value: "+1"}, {Name: "x", Value: "yz"}}, nil)
	for name, packed := range map[string][]byte{
		"nothing":                           nil,
		"an unknown version":                {9, 1, 2, 3},
		"a frame that is none":              {2, 1, 2, 3},
		"cut short":                         good[:len(good)-1],
		"too long":                          append(bytes.Clone(good), 0),
		"more than there can be":            {1, 0xff, 0xff, 0x03},
		"an earlier parameter that is none": {1, 1, 1, 8, 5},
		"a word that is none":               {1, 1, 1, 9, 0},
		"a known value that is missing":     {1, 1, 1, 3},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := p.Unpack(packed, nil); !errors.Is(err, params.ErrMalformed) {
				t.Errorf("got %q, %v, want ErrMalformed", got, err)
			}
		})
	}
}

func FuzzUnpack(f *testing.F) {
	p := packer(f)
	f.Add(p.Pack(nil, []params.Param{{Name: "From", Value: "+14155550100"}}, nil))
	f.Add(p.Pack(nil, many(20), nil))
	f.Add([]byte{2})
	f.Fuzz(func(t *testing.T, packed []byte) {
		request, err := p.Unpack(packed, []string{"AC1"})
		if err != nil {
			return
		}
		roundTrip(t, p, request, []string{"AC1"})
	})
}

// The word lists are part of version 1: one byte or two for each word, no word
// twice, and none may ever move.
func TestTheWordListsHoldNothingTwice(t *testing.T) {
	for _, name := range []string{"names-1.txt", "values-1.txt"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		words := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		if len(words) > 255 {
			t.Errorf("%s has %d words, more than 255", name, len(words))
		}
		seen := map[string]bool{}
		for _, word := range words {
			if seen[word] || word == "" || word != strings.TrimSpace(word) {
				t.Errorf("%s: %q stands twice, is empty or has spaces around it", name, word)
			}
			seen[word] = true
		}
	}
}

var update = flag.Bool("update", false, "write testdata anew: only before version 1 is released")

// What version 1 once packed must be readable for ever.
func TestWhatWasPackedByVersionOneIsStillRead(t *testing.T) {
	p := packer(t)
	known := []string{"AC1", "CA1", "+14155550100", "+493012345678", "https://www.example.com/", "11200"}
	want := []params.Param{
		{Name: "Body", Value: strings.Repeat("What time do you open on Monday? ", 20)},
		{Name: "From", Value: "+14155550100"},
		{Name: "ToCountry", Value: "DE"},
		{Name: "unknown", Value: "CallStatus"},
	}
	if *update {
		if err := os.WriteFile("testdata/packed-1", p.Pack(nil, want, known), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile("testdata/packed-1")
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Unpack(golden, known)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkPack(b *testing.B) {
	p := packer(b)
	known := []string{"AC0123456789abcdef0123456789abcdef", "CA0123456789abcdef0123456789abcdef", "+14155550100", "+493012345678"}
	for name, request := range map[string][]params.Param{
		"call": {
			{Name: "AccountSid", Value: known[0]},
			{Name: "ApiVersion", Value: "2010-04-01"},
			{Name: "CallSid", Value: known[1]},
			{Name: "CallStatus", Value: "ringing"},
			{Name: "From", Value: known[2]},
			{Name: "FromCity", Value: "SAN FRANCISCO"},
			{Name: "To", Value: known[3]},
		},
		"long": {{Name: "Body", Value: strings.Repeat("What time do you open on Monday? ", 20)}},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var packed []byte
			for b.Loop() {
				packed = p.Pack(packed[:0], request, known)
			}
			b.ReportMetric(float64(len(packed)), "B/request")
		})
	}
}
