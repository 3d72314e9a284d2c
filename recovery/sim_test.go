package recovery_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// answering is a server with nothing but answers and recordings.
func answering(t *testing.T, o recovery.Options) *httptest.Server {
	t.Helper()
	r, answers := rules(t, o), recovery.New(words(t), recovery.NewRecent(), nil)
	mux := http.NewServeMux()
	mux.HandleFunc("/fallback/", func(w http.ResponseWriter, request *http.Request) {
		if err := request.ParseForm(); err != nil {
			t.Error(err)
		}
		var params []incident.Param
		for name, values := range request.Form {
			for _, value := range values {
				params = append(params, incident.Param{Name: name, Value: value})
			}
		}
		f := incident.NewFailure(time.Now(), request.Method, params)
		document, _ := answers.Answer(request.Context(), recovery.Request{Failure: f}, recovery.Decide(f, r, recovery.State{}))
		w.Header().Set("Content-Type", twiml.ContentType)
		_, _ = w.Write(document)
	})
	mux.HandleFunc("POST /enqueue", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", twiml.ContentType)
		_, _ = io.WriteString(w, `<Response><Enqueue waitUrl="/fallback/voice">support</Enqueue></Response>`)
	})
	mux.HandleFunc("GET "+recovery.MediaPath+"{name}", func(w http.ResponseWriter, request *http.Request) {
		file, contentType, err := o.Media.Open(request.PathValue("name"))
		if err != nil {
			http.NotFound(w, request)
			return
		}
		defer file.Close()
		w.Header().Set("Content-Type", contentType)
		http.ServeContent(w, request, "", time.Time{}, file)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func direction(d string) sim.Changes {
	return sim.Changes{Set: sim.Params{{Name: "Direction", Value: d}}}
}

func TestCallsAsTwilioPlaysThem(t *testing.T) {
	german := []recovery.Line{{Match: "+4930*", Style: recovery.Style{Name: "Praxis Berlin"}}}
	tests := map[string]struct {
		options recovery.Options
		call    sim.Call
		first   string // what is heard first
		heard   int    // how often something is
		ending  sim.Ending
	}{
		"a call that comes in":      {recovery.Options{Lines: german}, sim.Call{To: "+4930123456"}, "Sie haben Praxis Berlin erreicht.", 2, sim.Completed},
		"in the middle of a call":   {recovery.Options{}, sim.Call{Situation: sim.MidCall}, "Sorry, we have a technical problem and cannot continue", 2, sim.Completed},
		"a call that we made":       {recovery.Options{Lines: german}, sim.Call{Situation: sim.Outbound, From: "+4930123456", To: "+4915112345678"}, "Guten Tag, hier ist Praxis Berlin.", 2, sim.Completed},
		"after a dial":              {recovery.Options{}, sim.Call{Situation: sim.DialCompleted}, "Thank you for your call. Goodbye.", 2, sim.Completed},
		"after a recording":         {recovery.Options{}, sim.Call{Situation: sim.RecordingFinished}, "Thank you for your call. Goodbye.", 2, sim.Completed},
		"after a dial of ours":      {recovery.Options{}, sim.Call{Situation: sim.DialCompleted, Changes: direction("outbound-api")}, "Thank you. Goodbye.", 2, sim.Completed},
		"whom a dial reached":       {recovery.Options{}, sim.Call{Situation: sim.RecordingFinished, Changes: direction("outbound-dial")}, "Thank you. Goodbye.", 2, sim.Completed},
		"in a queue":                {recovery.Options{}, sim.Call{Situation: sim.WaitingInQueue}, "Please stay on the line.", 1, sim.Completed},
		"by GET":                    {recovery.Options{}, sim.Call{Method: http.MethodGet, To: "+33123456789"}, "Bonjour et merci de votre appel.", 2, sim.Completed},
		"a recording of the line's": {recovery.Options{Media: media(t, "sorry.mp3"), House: recovery.Style{Play: "sorry.mp3"}}, sim.Call{}, "/media/sorry.mp3", 1, sim.Completed},
		"music in a queue":          {recovery.Options{Media: media(t, "hold.mp3"), House: recovery.Style{Hold: "hold.mp3"}}, sim.Call{Situation: sim.WaitingInQueue}, "Please stay on the line.", 2, sim.Completed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server := answering(t, tt.options)
			result, err := sim.Client{Account: sim.Account{SID: account, AuthToken: "x"}}.Place(t.Context(), server.URL+"/fallback/voice", tt.call)
			if err != nil {
				t.Fatal(err)
			}
			if len(result.Problems) > 0 {
				t.Errorf("problems: %v", result.Problems)
			}
			heard := result.Heard()
			if len(heard) < tt.heard || !strings.Contains(heard[0], tt.first) {
				t.Errorf("heard %q, want %q first, %d in all\n%s", heard, tt.first, tt.heard, result)
			}
			if result.Ending != tt.ending {
				t.Errorf("ended by %q, want %q\n%s", result.Ending, tt.ending, result)
			}
		})
	}
}

// TestTheDrillTooHearsLessThanTwentySeconds: sim estimates by itself.
func TestTheDrillTooHearsLessThanTwentySeconds(t *testing.T) {
	latin := []string{"", "Clinic 7", "Gemeinschaftspraxis Dr. Müller", "Gemeinschaftspraxis Dr. Müller-Lüdenscheidt & Kollegen, Köln"}
	japanese := []string{"青山クリニック本院", "青山一丁目メディカルクリニック附属総合健康診断センター東京都"}
	for _, languages := range [][]string{{"en"}, {"es"}, {"fr"}, {"de"}, {"it"}, {"pt"}, {"pt-BR"}, {"nl"}, {"ja"}, {"nl", "fr"}, {"ja", "en"}, {"de", "fr", "it"}, {"nl", "ja", "it"}} {
		names := latin
		if slices.Contains(languages, "ja") {
			names = slices.Concat(latin, japanese)
		}
		for _, name := range names {
			server := answering(t, recovery.Options{House: recovery.Style{Name: name, Languages: languages}})
			for _, situation := range []sim.Situation{sim.Ringing, sim.MidCall, sim.Outbound, sim.DialCompleted, sim.WaitingInQueue} {
				result, err := sim.Client{Account: sim.Account{SID: account}}.Place(t.Context(), server.URL+"/fallback/voice", sim.Call{Situation: situation})
				if err != nil {
					t.Fatal(err)
				}
				if result.Length >= 20*time.Second {
					t.Errorf("%v, name %q, situation %d: takes %v\n%s", languages, name, situation, result.Length, result)
				}
			}
		}
	}
}

// TestBothEstimatesCountJapaneseAlike: a call on which nothing else is said.
func TestBothEstimatesCountJapaneseAlike(t *testing.T) {
	words := strings.Repeat("センターのサーバー", 8)
	server := answering(t, recovery.Options{House: recovery.Style{Languages: []string{"ja"}, Say: words}})
	result, err := sim.Client{Account: sim.Account{SID: account}}.Place(t.Context(), server.URL+"/fallback/voice", sim.Call{})
	if err != nil {
		t.Fatal(err)
	}
	ours := twiml.SpeakingTime(result.First().Body)
	if apart := (result.Length - ours).Abs(); apart > time.Second/10 {
		t.Errorf("sim says %v, twiml %v\n%s", result.Length, ours, result)
	}
}

func TestWhoWaitsStaysInTheQueueAndIsNotAskedForEverySecond(t *testing.T) {
	server := answering(t, recovery.Options{})
	call := sim.Call{Script: sim.Script{QueueFor: 5 * time.Minute}}
	result, err := sim.Client{Account: sim.Account{SID: account}}.Place(t.Context(), server.URL+"/enqueue", call)
	if err != nil {
		t.Fatal(err)
	}
	const leastApart = 15 * time.Second
	if n := len(result.Heard()); n < 5 || n > int(5*time.Minute/leastApart) {
		t.Errorf("heard %d times in 5 minutes, want once in 15 to 60 s\n%s", n, result)
	}
	if result.Length < 5*time.Minute {
		t.Errorf("out of the queue after %v\n%s", result.Length, result)
	}
}

func TestMessagesAsTwilioSendsThem(t *testing.T) {
	server := answering(t, recovery.Options{House: recovery.Style{Name: "Shop", Languages: []string{"fr"}}})
	client := sim.Client{Account: sim.Account{SID: account}}
	steps := []struct {
		claim   string
		message sim.Message
		replies int
	}{
		{"a message is answered", sim.Message{Body: "hello"}, 1},
		{"a second one is not", sim.Message{Body: "hello?"}, 0},
		{"on WhatsApp it is", sim.Message{From: "whatsapp:+14158675310", To: "whatsapp:+18005551212"}, 1},
		{"an opt-out is not", sim.Message{From: "+14158675311", Body: "Stop", OptOutType: "STOP"}, 0},
	}
	for _, step := range steps {
		result, err := client.Send(t.Context(), server.URL+"/fallback/messaging", step.message)
		if err != nil {
			t.Fatal(err)
		}
		if err := result.Err(); err != nil {
			t.Errorf("%s: %v", step.claim, err)
		}
		if len(result.Replies) != step.replies {
			t.Errorf("%s: got %d replies, want %d\n%s", step.claim, len(result.Replies), step.replies, result)
		}
		for _, reply := range result.Replies {
			if !strings.HasPrefix(reply.Body, "Shop : Un problème technique") {
				t.Errorf("%s: got %q", step.claim, reply.Body)
			}
		}
	}
}
