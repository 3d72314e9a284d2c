package twilio_test

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
)

// The two types are one, so that neither package needs the other.
var _ []incident.Param = []twilio.Param(nil)

func TestParseFormKeepsWhatWasSent(t *testing.T) {
	for _, test := range []struct {
		name, raw string
		want      []twilio.Param
	}{
		{"nothing is no pairs", "", nil},
		{"order is kept", "b=2&a=1", []twilio.Param{{"b", "2"}, {"a", "1"}}},
		{"repeats are kept", "a=1&a=1&a=2", []twilio.Param{{"a", "1"}, {"a", "1"}, {"a", "2"}}},
		{"empty values are kept", "a=&b=", []twilio.Param{{"a", ""}, {"b", ""}}},
		{"a bare name has the empty value", "a&b=1", []twilio.Param{{"a", ""}, {"b", "1"}}},
		{"a value may have no name", "=1", []twilio.Param{{"", "1"}}},
		{"nothing between two & is no pair", "&a=1&&b=2&", []twilio.Param{{"a", "1"}, {"b", "2"}}},
		{"only & separates", "a=1;b=2", []twilio.Param{{"a", "1;b=2"}}},
		{"the first = separates", "a=b=c", []twilio.Param{{"a", "b=c"}}},
		{"a plus is a space", "a+b=c+d", []twilio.Param{{"a b", "c d"}}},
		{"escapes are undone in names and values", "%41=%2B1%20%e2%82%AC", []twilio.Param{{"A", "+1 €"}}},
		{"an escaped separator separates nothing", "a=1%26b%3D2", []twilio.Param{{"a", "1&b=2"}}},
		{"bytes that are no text are kept", "a=%00%ff\xfe", []twilio.Param{{"a", "\x00\xff\xfe"}}},
		{"a plus after an escape is a space too", "a=%2B+%2B", []twilio.Param{{"a", "+ +"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := twilio.ParseForm(test.raw, 200)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("got + want -\n%s", diff)
			}
		})
	}
}

func TestParseFormRefuses(t *testing.T) {
	for _, test := range []struct {
		name, raw string
		most      int
		want      error
	}{
		{"an escape cut off after the percent sign", "a=1&b=%", 9, twilio.ErrMalformed},
		{"an escape cut off after one digit", "a=%4", 9, twilio.ErrMalformed},
		{"an escape of other letters", "a=%zz", 9, twilio.ErrMalformed},
		{"an escape that runs into the next pair", "a=%4&b=1", 9, twilio.ErrMalformed},
		{"a malformed name", "%=1", 9, twilio.ErrMalformed},
		{"one pair too many", "a=1&b=2&c=3", 2, twilio.ErrTooManyParams},
		{"any pair where none is allowed", "a", 0, twilio.ErrTooManyParams},
	} {
		t.Run(test.name, func(t *testing.T) {
			params, err := twilio.ParseForm(test.raw, test.most)
			if !errors.Is(err, test.want) || params != nil {
				t.Errorf("got %v, %v, want %v", params, err, test.want)
			}
		})
	}
}

func TestParseFormCountsOnlyPairs(t *testing.T) {
	params, err := twilio.ParseForm("&&&a=1&&&b=2&&&", 2)
	if err != nil || len(params) != 2 {
		t.Errorf("got %v, %v, want two pairs", params, err)
	}
}

func TestFindTellsAnEmptyValueFromAMissingOne(t *testing.T) {
	params := []twilio.Param{{"Body", ""}, {"From", "+1"}, {"From", "+2"}}
	if value, ok := twilio.Find(params, "Body"); value != "" || !ok {
		t.Errorf("Body: got %q, %v, want empty and there", value, ok)
	}
	if value, ok := twilio.Find(params, "To"); value != "" || ok {
		t.Errorf("To: got %q, %v, want missing", value, ok)
	}
	if got := twilio.First(params, "From"); got != "+1" {
		t.Errorf("From: got %q, want the first", got)
	}
}

func FuzzParseForm(f *testing.F) {
	for _, seed := range []string{"", "a=1&b=2&b=", "%41+=%2B1", "a;b=c", "%", "a=%4", "&&=&", "a=%00%ff\xfe", callForm().Encode()} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		const most = 50
		params, err := twilio.ParseForm(raw, most)
		if err != nil {
			if params != nil || !errors.Is(err, twilio.ErrMalformed) && !errors.Is(err, twilio.ErrTooManyParams) {
				t.Fatalf("got %v, %v", params, err)
			}
			return
		}
		if len(params) > most {
			t.Fatalf("got %d pairs, want at most %d", len(params), most)
		}
		sameAsNetURL(t, raw, params)
		pairs := make([]string, len(params))
		for i, p := range params {
			pairs[i] = url.QueryEscape(p.Name) + "=" + url.QueryEscape(p.Value)
		}
		again, err := twilio.ParseForm(strings.Join(pairs, "&"), most)
		if err != nil || len(params) > 0 && !cmp.Equal(params, again) {
			t.Fatalf("written and read again: got %v, %v, want %v", again, err, params)
		}
	})
}

// FuzzRoom reads three requests in one room. What is read last is what is read
// without one, and the names and values of those before stay good.
func FuzzRoom(f *testing.F) {
	f.Add("a=1&b=2", "a=3&c=4", "a=&b=2&c")
	f.Add("a=%41&a=2", "a&a", "%61=x&=y&&b=z")
	f.Add(callForm().Encode(), "a=%", callForm().Encode())
	f.Add(strings.Repeat("n", 100)+"=1", strings.Repeat("n", 100)+"=2", "n="+strings.Repeat("v", 9<<10))
	f.Fuzz(func(t *testing.T, first, second, third string) {
		var room twilio.Room
		var read, want [][]twilio.Param
		for _, raw := range []string{first, second, third} {
			r := twilio.Request{Method: "POST", Body: []byte(raw)}
			err := r.ParseIn(&room, 50)
			alone, aloneErr := twilio.ParseForm(raw, 50)
			if fmt.Sprint(err) != fmt.Sprint(aloneErr) || !slices.Equal(r.Params, alone) {
				t.Fatalf("%q in a room: got %q, %v, want %q, %v", raw, r.Params, err, alone, aloneErr)
			}
			clear(r.Body)
			read, want = append(read, slices.Clone(r.Params)), append(want, alone)
			room.Empty()
			for _, p := range r.Params {
				if p.Value != "" {
					t.Fatalf("%q is still in the room", p.Value)
				}
			}
		}
		if diff := cmp.Diff(want, read); diff != "" {
			t.Fatalf("afterwards\n%s", diff)
		}
	})
}

// sameAsNetURL compares with net/url, which refuses ";" and sorts by name.
func sameAsNetURL(t *testing.T, raw string, params []twilio.Param) {
	t.Helper()
	want, err := url.ParseQuery(strings.ReplaceAll(raw, ";", "%3B"))
	if err != nil {
		t.Fatalf("net/url refuses %q: %v", raw, err)
	}
	got := url.Values{}
	for _, p := range params {
		got.Add(p.Name, p.Value)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("net/url - ours +\n%s", diff)
	}
}
