package notify

import (
	"context"
	"errors"
	"strings"

	"github.com/slack-go/slack"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

// sendBot posts the incident's message once, later brings it up to date and
// writes what is new into its thread. Anything that is no incident is a
// message of its own.
func (s *Slack) sendBot(ctx context.Context, m incident.Message, text templates.Slack) (incident.Receipt, error) {
	if m.Alert.Kind.InPlace() {
		return s.bringUpToDate(ctx, m, text)
	}
	if m.Incident == nil {
		_, err := s.post(ctx, text)
		return incident.Receipt{Detail: "posted"}, err
	}
	if channel, ts, ok := parseThread(m.Thread); ok {
		err := s.update(ctx, channel, ts, text)
		switch {
		case err == nil:
			return s.reply(ctx, channel, ts, text)
		case !isGone(err):
			return incident.Receipt{}, err
		}
	}
	thread, err := s.post(ctx, text)
	return incident.Receipt{Thread: thread, Detail: "posted"}, err
}

// bringUpToDate changes the incident's message and says in its thread what is
// new. Where there is none, there is nothing to be put right.
func (s *Slack) bringUpToDate(ctx context.Context, m incident.Message, text templates.Slack) (incident.Receipt, error) {
	channel, ts, ok := parseThread(m.Thread)
	if !ok || m.Incident == nil {
		return incident.Receipt{Detail: nothingToUpdate}, nil
	}
	err := s.update(ctx, channel, ts, text)
	switch {
	case err == nil:
		return s.reply(ctx, channel, ts, text)
	case isGone(err):
		return incident.Receipt{Detail: "its message is gone"}, nil
	}
	return incident.Receipt{}, err
}

func (s *Slack) post(ctx context.Context, text templates.Slack) (thread string, err error) {
	channel, ts, err := s.api.PostMessageContext(ctx, s.channel, layout(text)...)
	if isLayout(err) {
		channel, ts, err = s.api.PostMessageContext(ctx, s.channel, bare(text)...)
	}
	if err == nil && ts == "" {
		err = errNoTimestamp
	}
	return channel + "/" + ts, err
}

// errNoTimestamp is what an answer deserves that is neither yes nor no.
var errNoTimestamp = errors.New("it neither took nor refused the message")

func (s *Slack) update(ctx context.Context, channel, ts string, text templates.Slack) error {
	_, _, _, err := s.api.UpdateMessageContext(ctx, channel, ts, layout(text)...)
	if isLayout(err) {
		none := slack.MsgOptionBlocks() // else those from before stay
		_, _, _, err = s.api.UpdateMessageContext(ctx, channel, ts, append(bare(text), none)...)
	}
	return err
}

// reply adds to the thread. Where the message was deleted just now, Slack
// posts the reply into the channel instead: that is the incident's message
// from then on.
func (s *Slack) reply(ctx context.Context, channel, ts string, text templates.Slack) (incident.Receipt, error) {
	options := append(sectioned(text.Event, []string{text.Event}), slack.MsgOptionTS(ts))
	_, posted, message, err := s.api.PostMessageWithResponseContext(ctx, channel, options...)
	if err != nil {
		return incident.Receipt{}, err
	}
	switch {
	case posted == "":
		return incident.Receipt{}, errNoTimestamp
	case message.Timestamp != "" && message.ThreadTimestamp != ts:
		return incident.Receipt{Thread: channel + "/" + posted, Detail: "posted anew"}, nil
	}
	return incident.Receipt{Detail: "updated in place"}, nil
}

func layout(text templates.Slack) []slack.MsgOption {
	return sectioned(text.Line, text.Sections, text.Buttons...)
}

// sectioned lays sections out, with buttons below them; verbatim keeps Slack
// from making links and mentions of what it finds in them.
func sectioned(line string, sections []string, buttons ...templates.Button) []slack.MsgOption {
	blocks := make([]slack.Block, 0, len(sections))
	for _, section := range sections {
		blocks = append(blocks, slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, section, false, true), nil, nil))
	}
	if len(buttons) > 0 {
		blocks = append(blocks, buttonsOf(buttons))
	}
	return append(unadorned(line), slack.MsgOptionBlocks(blocks...))
}

func buttonsOf(buttons []templates.Button) *slack.ActionBlock {
	elements := make([]slack.BlockElement, 0, len(buttons))
	plain := func(text string) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.PlainTextType, text, false, false)
	}
	for _, b := range buttons {
		one := slack.NewButtonBlockElement(b.Action, b.Value, plain(b.Label))
		if b.First {
			one = one.WithStyle(slack.StylePrimary)
		}
		if b.Sure != "" {
			one.Confirm = slack.NewConfirmationBlockObject(plain(b.Label), plain(b.Sure), plain("Yes"), plain("No"))
		}
		elements = append(elements, one)
	}
	return slack.NewActionBlock("", elements...)
}

// bare is the first line alone, for a Slack that does not take the layout.
func bare(text templates.Slack) []slack.MsgOption { return unadorned(text.Line) }

func unadorned(line string) []slack.MsgOption {
	return []slack.MsgOption{
		slack.MsgOptionText(line, false),
		slack.MsgOptionParse(false),
		slack.MsgOptionDisableLinkUnfurl(),
		slack.MsgOptionDisableMediaUnfurl(),
	}
}

// parseThread reads what post returned.
func parseThread(thread string) (channel, ts string, ok bool) {
	channel, ts, ok = strings.Cut(thread, "/")
	return channel, ts, ok && channel != "" && ts != ""
}

func slackCode(err error) string {
	if refused, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		return refused.Err
	}
	return ""
}

// isGone says whether the message cannot be changed any more.
func isGone(err error) bool {
	switch slackCode(err) {
	case "message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found", "thread_not_found":
		return true
	}
	return false
}

// isLayout says whether Slack objects to how the message is laid out.
func isLayout(err error) bool {
	switch slackCode(err) {
	case "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long":
		return true
	}
	return false
}

// slackRemedy says what to do about an error of Slack's API:
// https://docs.slack.dev/reference/methods/chat.postMessage#errors
func slackRemedy(refused slack.SlackErrorResponse) string {
	switch refused.Err {
	case "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "not_allowed_token_type":
		return "the bot token is not valid any more: copy the app's Bot User OAuth Token (xoxb-…) into SLACK_BOT_TOKEN"
	case "channel_not_found", "not_in_channel":
		return "invite the app into the channel (/invite @app), and see that SLACK_CHANNEL is its ID"
	case "is_archived", "channel_is_archived":
		return "the channel is archived: name another in SLACK_CHANNEL"
	case "missing_scope", "no_permission":
		return "give the app the scope chat:write on its page OAuth & Permissions, then install it again"
	case "restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel":
		return "the channel's rules do not let the app post: ask its owner, or name another in SLACK_CHANNEL"
	case "ratelimited", "rate_limited", "message_limit_exceeded":
		return "too many messages for now; it is tried again"
	}
	return "it is tried again"
}

func (s *Slack) statusRemedy(code int) string {
	switch {
	case code >= 500 || code == 429:
		return "it is tried again"
	case code >= 300 && code < 400:
		return "it sends us elsewhere, which is not followed: look at the address in the configuration"
	case s.api == nil:
		return "Slack does not know this webhook, or not any more: make a new one on the app's page and put it into SLACK_WEBHOOK_URL"
	}
	return "look at api_url in the configuration"
}
