package config

// file is the YAML file as it is written: every key that there is. The names
// of fields are the keys' in Go; `secret` marks what is never shown.
type file struct {
	At             value
	PublicURL      value              `yaml:"public_url"`
	Accounts       []account          `yaml:"accounts"`
	Primaries      []primary          `yaml:"primaries"`
	Lines          []line             `yaml:"lines"`
	Targets        map[string]target  `yaml:"targets"`
	Recovery       []rule             `yaml:"recovery"`
	Limits         limits             `yaml:"limits"`
	TwilioAPI      value              `yaml:"twilio_api_url"`
	Hours          map[string]hoursOf `yaml:"hours"`
	OnCall         map[string]roster  `yaml:"on_call"`
	Replay         sending            `yaml:"replay"`
	CallerCountry  value              `yaml:"caller_country"`
	Countries      map[string][]value `yaml:"countries"`
	Templates      value              `yaml:"templates"`
	Media          value              `yaml:"media"`
	Unverified     value              `yaml:"unverified"`
	Notifiers      []notifier         `yaml:"notifiers"`
	Alerts         alerts             `yaml:"alerts"`
	Heartbeat      heartbeat          `yaml:"heartbeat"`
	Drills         drills             `yaml:"drills"`
	Summaries      summaries          `yaml:"summaries"`
	TimeZone       value              `yaml:"time_zone"`
	Retention      retention          `yaml:"retention"`
	Privacy        privacy            `yaml:"privacy"`
	DataDir        value              `yaml:"data_dir"`
	DatabaseURL    value              `yaml:"database_url,secret"`
	Listen         value              `yaml:"listen"`
	AdminListen    value              `yaml:"admin_listen"`
	AdminURL       value              `yaml:"admin_url"`
	AdminPassword  value              `yaml:"admin_password,secret"`
	TrustedProxies []value            `yaml:"trusted_proxies"`
	LogLevel       value              `yaml:"log_level"`
}

// wording is how callers are spoken to: of an account, or of a line.
type wording struct {
	Language  value   `yaml:"language"`
	Languages []value `yaml:"languages"`
	Voice     value   `yaml:"voice"`
	Say       value   `yaml:"say"`
	Play      value   `yaml:"play"`
	Hold      value   `yaml:"hold"`
}

type account struct {
	At          value   // where it begins
	Name        value   `yaml:"name"`
	SID         value   `yaml:"sid"`
	AuthTokens  []value `yaml:"auth_tokens,secret"`
	DisplayName value   `yaml:"display_name"`
	Wording     wording `yaml:",inline"`
}

type line struct {
	At       value
	Match    value   `yaml:"match"`
	Name     value   `yaml:"name"`
	Tags     []value `yaml:"tags"`
	Critical value   `yaml:"critical"`
	Wording  wording `yaml:",inline"`
}

// primary is one of the customer's own servers; it may be written as its URL
// alone.
type primary struct {
	At           value
	URL          value `yaml:"url,alone"`
	Probe        value `yaml:"probe"`
	ProbeEvery   value `yaml:"probe_every"`
	HealthURL    value `yaml:"health_url"`
	AllowPrivate value `yaml:"allow_private"`
}

// target is a server that can stand in.
type target struct {
	At           value
	URL          value   `yaml:"url"`
	Timeout      value   `yaml:"timeout"`
	Accounts     []value `yaml:"accounts"`
	AllowPrivate value   `yaml:"allow_private"`
	WithError    value   `yaml:"with_error"`
	RepeatOK     value   `yaml:"repeat_ok"`
	Probe        value   `yaml:"probe"`
	ProbeEvery   value   `yaml:"probe_every"`
}

// sending is how messages go to the server that has not had them.
type sending struct {
	PerSecond    value `yaml:"per_second"`
	AllowPrivate value `yaml:"allow_private"`
}

// rule is what callers get in one case.
type rule struct {
	At    value
	Name  value  `yaml:"name"`
	Match match  `yaml:"match"`
	Steps []step `yaml:"steps"`
}

type match struct {
	At         value
	Channel    value   `yaml:"channel"`
	Codes      []value `yaml:"codes"`
	Lines      []value `yaml:"lines"`
	Tags       []value `yaml:"tags"`
	From       []value `yaml:"from"`
	To         []value `yaml:"to"`
	Accounts   []value `yaml:"accounts"`
	Hosts      []value `yaml:"hosts"`
	Paths      []value `yaml:"paths"`
	Directions []value `yaml:"directions"`
	Statuses   []value `yaml:"statuses"`
	Visits     value   `yaml:"visits"`
	Open       value   `yaml:"open"`
	Closed     value   `yaml:"closed"`
	Health     []value `yaml:"health"`
}

type step struct {
	At        value
	Failover  []value    `yaml:"failover"`
	Hedge     value      `yaml:"hedge"`
	LastGood  value      `yaml:"last_good"`
	Redirect  value      `yaml:"redirect"`
	Retry     *retry     `yaml:"retry"`
	Dial      *dial      `yaml:"dial"`
	Enqueue   *enqueue   `yaml:"enqueue"`
	Voicemail *voicemail `yaml:"voicemail"`
	Callback  value      `yaml:"callback"`
	Message   value      `yaml:"message"`
	Reject    value      `yaml:"reject"`
	Ignore    value      `yaml:"ignore"`
}

type retry struct {
	At    value
	Times value `yaml:"times"`
	Wait  value `yaml:"wait"`
}

type dial struct {
	At      value
	To      []value `yaml:"to"`
	OnCall  value   `yaml:"on_call"`
	Timeout value   `yaml:"timeout"`
	AtOnce  value   `yaml:"at_once"`
	Accept  value   `yaml:"accept"`
}

type enqueue struct {
	At      value
	Queue   value `yaml:"queue"`
	MaxWait value `yaml:"max_wait"`
}

type voicemail struct {
	At         value
	Consent    value `yaml:"consent"`
	Transcribe value `yaml:"transcribe"`
	MaxLength  value `yaml:"max_length"`
}

type limits struct {
	At             value
	DialsPerHour   value `yaml:"dials_per_hour"`
	CallsPerCaller value `yaml:"calls_per_caller"`
}

type notifier struct {
	At        value
	Name      value      `yaml:"name"`
	Email     *email     `yaml:"email"`
	Slack     *slack     `yaml:"slack"`
	Webhook   *webhook   `yaml:"webhook"`
	PagerDuty *pagerDuty `yaml:"pagerduty"`
	SMS       *phone     `yaml:"twilio_sms"`
	Call      *phone     `yaml:"twilio_call"`
	Shoutrrr  *shoutrrr  `yaml:"shoutrrr"`
	Template  value      `yaml:"template"`
}

type email struct {
	At   value
	SMTP value   `yaml:"smtp,secret"`
	From value   `yaml:"from"`
	To   []value `yaml:"to"`
}

type slack struct {
	At         value
	WebhookURL value `yaml:"webhook_url,secret"`
	BotToken   value `yaml:"bot_token,secret"`
	Channel    value `yaml:"channel"`
	APIURL     value `yaml:"api_url"`
	Mention    value `yaml:"mention"`

	SigningSecret value   `yaml:"signing_secret,secret"`
	AppToken      value   `yaml:"app_token,secret"`
	Team          value   `yaml:"team"`
	AppID         value   `yaml:"app_id"`
	AllowedUsers  []value `yaml:"allowed_users"`
}

type webhook struct {
	At      value
	URL     value            `yaml:"url,secret"`
	Secret  value            `yaml:"secret,secret"`
	Headers map[string]value `yaml:"headers,secret"`
}

type pagerDuty struct {
	At         value
	RoutingKey value `yaml:"routing_key,secret"`
	APIURL     value `yaml:"api_url"`
}

// shoutrrr is one of many services.
type shoutrrr struct {
	At  value
	URL value `yaml:"url,secret"`
}

// phone is who is texted or called.
type phone struct {
	At        value
	Account   value   `yaml:"account"`
	AuthToken value   `yaml:"auth_token,secret"`
	From      value   `yaml:"from"`
	To        []value `yaml:"to"`
	OnCall    value   `yaml:"on_call"`
	Replies   value   `yaml:"replies"`
}

type retention struct {
	Days         value `yaml:"days"`
	MaxSize      value `yaml:"max_size"`
	PersonalDays value `yaml:"personal_days"`
}

type privacy struct {
	MaskNumbers value   `yaml:"mask_numbers"`
	KeepBody    value   `yaml:"keep_body"`
	Drop        []value `yaml:"drop"`
}
