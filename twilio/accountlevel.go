package twilio

// AccountLevel says whether a code means that the account itself does not work:
// suspended, closed, limited or locked out. Nothing else of it can be relied on
// then. That too many calls run at once (10004) is none: it passes.
func AccountLevel(code int) bool {
	switch code {
	case 10001, 10002, 10003, 10005, 20003, 20005, 20006, 30002:
		return true
	}
	return false
}
