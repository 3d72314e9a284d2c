package twilio

// AccountStopped says whether a code means that an account can do nothing any
// more: it is suspended, closed, limited or locked out. Codes that pass (too many
// calls or requests at once) or are about one number of it are none.
func AccountStopped(code int) bool {
	switch code {
	case 10001, 10002, 10003, 10005, 20003, 20005, 20006, 30002:
		return true
	}
	return false
}
