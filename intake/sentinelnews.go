package intake

import (
	"time"

	"github.com/backstop-project/backstop/incident"
)

// over are the news that what people were told of is over.
func (s *Sentinel) over() (news []incident.Alert) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if !s.unwrittenSince.IsZero() {
		s.unwritten.wellFrom = time.Time{}
	} else if s.unwritten.relief(now) {
		news = append(news, incident.Alert{
			Kind: incident.Meta, At: now, Topic: incident.JournalTopic,
			Title:  "Failures are written down again",
			Detail: "The journal works again, and has what waited in memory; what memory had no room for was only counted. Nothing has to be done.",
			Reason: "the journal works again",
			Ends:   []incident.Topic{incident.JournalTopic, incident.JournalTopic.About("callers")},
		})
	}
	if since, _ := s.away(now); !since.IsZero() {
		s.unfed.wellFrom = time.Time{}
	} else if s.unfed.relief(now) {
		news = append(news, incident.Alert{
			Kind: incident.Meta, At: now, Topic: incident.LedgerTopic,
			Title:  "The history is available again",
			Detail: "What waited in the journal is in it, or goes into it now: the incidents are told as usual, some for the second time. Nothing has to be done.",
			Reason: "the history is available again",
			Ends:   []incident.Topic{incident.LedgerTopic},
		})
	}
	return news
}

// due decides whether people have to be told now of failures that the history
// does not show. A journal that takes nothing is the worse of the two, and says
// all that there is to say.
func (s *Sentinel) due() (incident.Alert, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if since := s.unwrittenSince; !since.IsZero() && now.Sub(since) >= awayAfter {
		return s.unwritten.tell(now, incident.Alert{
			Topic:  incident.JournalTopic.About("callers"),
			Title:  s.unwritten.title("not written down"),
			Detail: s.unwritten.unwritten(since, s.unwrittenWhy),
			Reason: "failures cannot be written down, so this comes straight from memory",
		})
	}
	since, why := s.away(now)
	if since.IsZero() {
		return incident.Alert{}, false
	}
	return s.unfed.tell(now, incident.Alert{
		Topic:  incident.LedgerTopic,
		Title:  s.unfed.title("history unavailable"),
		Detail: s.unfed.unfed(since, why),
		Reason: "the history is unavailable, so this comes straight from memory",
	})
}
