package config

// alerts is what is told, when and to whom.
type alerts struct {
	At          value
	Routes      []route  `yaml:"routes"`
	Page        pageAt   `yaml:"page"`
	Rate        rateOf   `yaml:"rate"`
	Wide        wideOf   `yaml:"wide"`
	RemindEvery value    `yaml:"remind_every"`
	Escalation  []level  `yaml:"escalation"`
	QuietHours  value    `yaml:"quiet_hours"`
	Maintenance []window `yaml:"maintenance"`
}

// route is who hears of what.
type route struct {
	At         value
	Match      about   `yaml:"match"`
	Notifiers  []value `yaml:"notifiers"`
	Continue   value   `yaml:"continue"`
	Escalation []level `yaml:"escalation"`
}

// about is what an alert is about.
type about struct {
	At       value
	Lines    []value `yaml:"lines"`
	Tags     []value `yaml:"tags"`
	Accounts []value `yaml:"accounts"`
	Hosts    []value `yaml:"hosts"`
	Codes    []value `yaml:"codes"`
	Channels []value `yaml:"channels"`
	Causes   []value `yaml:"causes"`
	Severity []value `yaml:"severity"`
	Open     value   `yaml:"open"`
	Closed   value   `yaml:"closed"`
}

// pageAt is how many callers make a page of a notice.
type pageAt struct {
	Callers value `yaml:"callers"`
	Within  value `yaml:"within"`
}

// rateOf is how many failures are fast.
type rateOf struct {
	Failures value `yaml:"failures"`
	Within   value `yaml:"within"`
}

// wideOf is how many servers that fail at once are one incident.
type wideOf struct {
	Servers value `yaml:"servers"`
	Within  value `yaml:"within"`
}

type level struct {
	At        value
	After     value   `yaml:"after"`
	Notifiers []value `yaml:"notifiers"`
}

// window is a time of maintenance, once or at hours that come again.
type window struct {
	At     value
	Match  about `yaml:"match"`
	From   value `yaml:"from"`
	Until  value `yaml:"until"`
	Hours  value `yaml:"hours"`
	Reason value `yaml:"reason"`
}
