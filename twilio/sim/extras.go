package sim

import (
	"strconv"
	"time"
)

// extraNames are the parameters that verbs add to a call's standing ones; an HTTP redirect loses them.
func extraNames() []string {
	return []string{
		"msg", "Digits", "FinishedOnKey", "SpeechResult", "Confidence", "Language", "RecordingUrl", "RecordingSid", "RecordingDuration",
		"DialCallStatus", "DialCallSid", "DialCallDuration", "DialBridged", "QueueResult", "QueueSid", "QueueTime", "QueuePosition",
		"AvgQueueTime", "CurrentQueueSize", "MaxQueueSize",
	}
}

// gathered are the parameters that the action of a Gather gets on top.
func gathered(input Input, finishedOn string) Params {
	if input.Speech != "" {
		return Params{{"msg", "Gather End"}, {"SpeechResult", input.Speech}, {"Confidence", "0.94"}, {"Language", "en-US"}}
	}
	return Params{{"msg", "Gather End"}, {"Digits", input.Digits}, {"FinishedOnKey", finishedOn}}
}

// waiting are those of a waitUrl.
func waiting(queueSID string, waited time.Duration) Params {
	return Params{
		{"QueueSid", queueSID},
		{"QueuePosition", "1"},
		{"QueueTime", seconds(waited)},
		{"AvgQueueTime", "0"},
		{"CurrentQueueSize", "1"},
		{"MaxQueueSize", "100"},
	}
}

// left are those of the action of an Enqueue.
func left(queueSID, result string, waited time.Duration) Params {
	return Params{{"QueueResult", result}, {"QueueSid", queueSID}, {"QueueTime", seconds(waited)}}
}

// dialled are those of the action of a Dial.
func dialled(childSID string, outcome DialOutcome, bridged bool) Params {
	p := Params{{"DialCallStatus", outcome.Status}, {"DialBridged", strconv.FormatBool(bridged)}, {"DialCallSid", childSID}}
	if outcome.isAnswered() {
		p = append(p, Param{"DialCallDuration", seconds(outcome.Length)})
	}
	return p
}

// recorded are those of the action of a Record.
func recorded(accountSID, recordingSID string, r Recording) Params {
	return Params{
		{"RecordingUrl", recordingURL(accountSID, recordingSID)},
		{"RecordingSid", recordingSID},
		{"RecordingDuration", seconds(r.Length)},
		{"Digits", r.EndedBy},
	}
}

// recordingReady are those of a recordingStatusCallback, without the call's standing ones.
func recordingReady(accountSID, callSID, recordingSID string, r Recording) Params {
	return Params{
		{"AccountSid", accountSID},
		{"CallSid", callSID},
		{"RecordingSid", recordingSID},
		{"RecordingUrl", recordingURL(accountSID, recordingSID)},
		{"RecordingStatus", "completed"},
		{"RecordingDuration", seconds(r.Length)},
		{"RecordingChannels", "1"},
		{"RecordingSource", "RecordVerb"},
		{"ErrorCode", "0"},
		{"RecordingTrack", "inbound"},
	}
}

func recordingURL(accountSID, recordingSID string) string {
	return "https://api.twilio.com/2010-04-01/Accounts/" + accountSID + "/Recordings/" + recordingSID
}

func seconds(d time.Duration) string {
	return strconv.Itoa(int(d / time.Second))
}
