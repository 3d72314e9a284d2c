package config

import "strings"

// closest is the name that was probably meant, "" where none is near.
func closest(written string, names []string) string {
	plain := strings.ReplaceAll(strings.ToLower(written), "-", "_")
	best, distance := "", max(1, min(3, len(plain)/3))+1
	for _, name := range names {
		if d := editDistance(plain, name, distance); d < distance {
			best, distance = name, d
		}
	}
	return best
}

// editDistance is how many letters must be added, dropped or changed to make
// one word of the other; limit where it is that many or more.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// keyOfVariable is where the file says what a variable of the environment
// does, for those variables whose key has another name; "" for all others.
func keyOfVariable(name string) string {
	switch strings.ToUpper(name) {
	case "TWILIO_ACCOUNT_SID":
		return "accounts[].sid"
	case "TWILIO_AUTH_TOKEN":
		return "accounts[].auth_tokens"
	case "SMTP_URL":
		return "notifiers[].email.smtp"
	case "ALERT_EMAIL_FROM":
		return "notifiers[].email.from"
	case "ALERT_EMAIL_TO":
		return "notifiers[].email.to"
	case "SLACK_WEBHOOK_URL":
		return "notifiers[].slack.webhook_url"
	case "SLACK_BOT_TOKEN":
		return "notifiers[].slack.bot_token"
	case "SLACK_CHANNEL":
		return "notifiers[].slack.channel"
	case "HEARTBEAT_URL":
		return "heartbeat.url"
	case "PORT":
		return "listen"
	}
	return ""
}
