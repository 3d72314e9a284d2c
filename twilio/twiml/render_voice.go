package twiml

func (Say) prompt()   {}
func (Play) prompt()  {}
func (Pause) prompt() {}

func (v Say) appendTo(dst []byte) []byte {
	dst = append(dst, "<Say"...)
	dst = appendAttr(dst, "language", v.Language)
	dst = appendAttr(dst, "voice", v.Voice)
	dst = appendCount(dst, "loop", v.Loop)
	return appendBody(dst, v.Text, "Say")
}

func (v Play) appendTo(dst []byte) []byte {
	dst = append(dst, "<Play"...)
	dst = appendAttr(dst, "digits", v.Digits)
	dst = appendCount(dst, "loop", v.Loop)
	return appendBody(dst, v.URL, "Play")
}

func (v Pause) appendTo(dst []byte) []byte {
	dst = append(dst, "<Pause"...)
	dst = appendSeconds(dst, "length", v.Length)
	return append(dst, "/>"...)
}

func (v Gather) appendTo(dst []byte) []byte {
	dst = append(dst, "<Gather"...)
	dst = appendAttr(dst, "input", v.Input)
	dst = appendAttr(dst, "action", v.Action)
	dst = appendAttr(dst, "method", v.Method)
	dst = appendCount(dst, "numDigits", v.NumDigits)
	dst = appendSeconds(dst, "timeout", v.Timeout)
	dst = appendAttr(dst, "finishOnKey", v.FinishOnKey)
	dst = appendAttr(dst, "language", v.Language)
	dst = appendAttr(dst, "hints", v.Hints)
	dst = appendAttr(dst, "speechTimeout", v.SpeechTimeout)
	dst = appendTrue(dst, "actionOnEmptyResult", v.ActionOnEmptyResult)
	if len(v.Prompts) == 0 {
		return append(dst, "/>"...)
	}
	dst = append(dst, '>')
	for _, prompt := range v.Prompts {
		dst = prompt.appendTo(dst)
	}
	return append(dst, "</Gather>"...)
}

func (v Record) appendTo(dst []byte) []byte {
	dst = append(dst, "<Record"...)
	dst = appendAttr(dst, "action", v.Action)
	dst = appendAttr(dst, "method", v.Method)
	dst = appendSeconds(dst, "maxLength", v.MaxLength)
	dst = appendSeconds(dst, "timeout", v.Timeout)
	dst = appendAttr(dst, "finishOnKey", v.FinishOnKey)
	if v.NoBeep {
		dst = appendAttr(dst, "playBeep", "false")
	}
	dst = appendAttr(dst, "trim", v.Trim)
	dst = appendAttr(dst, "recordingStatusCallback", v.RecordingStatusCallback)
	dst = appendAttr(dst, "recordingStatusCallbackMethod", v.RecordingStatusCallbackMethod)
	dst = appendTrue(dst, "transcribe", v.Transcribe)
	dst = appendAttr(dst, "transcribeCallback", v.TranscribeCallback)
	return append(dst, "/>"...)
}

func (v Dial) appendTo(dst []byte) []byte {
	dst = append(dst, "<Dial"...)
	dst = appendAttr(dst, "action", v.Action)
	dst = appendAttr(dst, "method", v.Method)
	dst = appendAttr(dst, "callerId", v.CallerID)
	dst = appendSeconds(dst, "timeout", v.Timeout)
	dst = appendSeconds(dst, "timeLimit", v.TimeLimit)
	dst = appendTrue(dst, "answerOnBridge", v.AnswerOnBridge)
	dst = appendTrue(dst, "hangupOnStar", v.HangupOnStar)
	dst = appendTrue(dst, "sequential", v.Sequential)
	dst = appendAttr(dst, "record", v.Record)
	dst = appendAttr(dst, "ringTone", v.RingTone)
	if len(v.To) == 0 {
		return append(dst, "/>"...)
	}
	dst = append(dst, '>')
	for _, to := range v.To {
		dst = to.endpointTo(dst)
	}
	return append(dst, "</Dial>"...)
}

func (e Number) endpointTo(dst []byte) []byte {
	dst = append(dst, "<Number"...)
	dst = appendAttr(dst, "url", e.URL)
	dst = appendAttr(dst, "method", e.Method)
	dst = appendAttr(dst, "sendDigits", e.SendDigits)
	return appendBody(dst, e.Number, "Number")
}

func (e Client) endpointTo(dst []byte) []byte {
	dst = append(dst, "<Client"...)
	dst = appendAttr(dst, "url", e.URL)
	dst = appendAttr(dst, "method", e.Method)
	return appendBody(dst, e.Identity, "Client")
}

func (e SIP) endpointTo(dst []byte) []byte {
	dst = append(dst, "<Sip"...)
	dst = appendAttr(dst, "username", e.Username)
	dst = appendAttr(dst, "password", e.Password)
	dst = appendAttr(dst, "url", e.URL)
	dst = appendAttr(dst, "method", e.Method)
	return appendBody(dst, e.URI, "Sip")
}

func (v Redirect) appendTo(dst []byte) []byte {
	dst = append(dst, "<Redirect"...)
	dst = appendAttr(dst, "method", v.Method)
	return appendBody(dst, v.URL, "Redirect")
}

func (Hangup) appendTo(dst []byte) []byte {
	return append(dst, "<Hangup/>"...)
}

func (v Reject) appendTo(dst []byte) []byte {
	dst = append(dst, "<Reject"...)
	dst = appendAttr(dst, "reason", v.Reason)
	return append(dst, "/>"...)
}

func (v Enqueue) appendTo(dst []byte) []byte {
	dst = append(dst, "<Enqueue"...)
	dst = appendAttr(dst, "waitUrl", v.WaitURL)
	dst = appendAttr(dst, "waitUrlMethod", v.WaitURLMethod)
	dst = appendAttr(dst, "action", v.Action)
	dst = appendAttr(dst, "method", v.Method)
	dst = appendAttr(dst, "workflowSid", v.WorkflowSID)
	if v.Task == "" {
		return appendBody(dst, v.Queue, "Enqueue")
	}
	dst = append(dst, "><Task"...)
	dst = appendBody(dst, v.Task, "Task")
	return append(dst, "</Enqueue>"...)
}

func (Leave) appendTo(dst []byte) []byte {
	return append(dst, "<Leave/>"...)
}
