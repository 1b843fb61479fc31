package userpool

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What stands in the text of CustomMessage for what only the pool knows: what it is in templates.
const (
	codeParameter     = "{####}"
	usernameParameter = "{username}"
	linkParameter     = "{link}"
)

// Bounds of CustomMessageResult in characters: those of templates.
const (
	maxSMSMessage   = 480
	maxEmailMessage = 20_000
	maxEmailSubject = 140
)

// senderFor returns what delivers the messages of a medium, or nil.
func (p *Pool) senderFor(medium DeliveryMedium) Sender {
	name, hook, sender := "CustomEmailSender", p.hooks.CustomEmailSender, p.sender
	if medium == MediumSMS {
		name, hook, sender = "CustomSMSSender", p.hooks.CustomSMSSender, p.sms
	}
	if hook == nil {
		return sender
	}
	return SenderFunc(func(ctx context.Context, m Message) error { return runErrorHook(ctx, p, name, hook, m) })
}

// customMessage asks the hook for the text of a message. The result is checked, and zero without a hook; its placeholders are still in it.
func (p *Pool) customMessage(ctx context.Context, o outgoing) (CustomMessageResult, error) {
	const hook = "CustomMessage"
	if p.hooks.CustomMessage == nil {
		return CustomMessageResult{}, nil
	}
	e := CustomMessageEvent{UserEvent: userEvent(o.user, "")}
	e.Trigger, e.ClientMetadata = Trigger("CustomMessage_"+string(o.kind)), maps.Clone(o.metadata)
	if o.code != "" {
		e.CodeParameter = codeParameter
	}
	if o.link != "" {
		e.LinkParameter = linkParameter
	}
	if o.kind == MessageAdminCreateUser {
		e.UsernameParameter = usernameParameter
	}
	result, err := runHook(ctx, p, hook, p.hooks.CustomMessage, e)
	if err != nil {
		return CustomMessageResult{}, err
	}
	if err := result.check(e); err != nil {
		return CustomMessageResult{}, p.hookFailed(ctx, hook, err)
	}
	return result, nil
}

// check tells what is wrong with the text of a message.
func (r CustomMessageResult) check(e CustomMessageEvent) error {
	for name, text := range map[string]string{"SMSMessage": r.SMSMessage, "EmailMessage": r.EmailMessage} {
		for _, parameter := range []string{e.CodeParameter, e.LinkParameter} {
			if text != "" && !strings.Contains(text, parameter) {
				return fmt.Errorf("%s lacks %s", name, parameter)
			}
		}
	}
	return errors.Join(
		checkMessageText("SMSMessage", r.SMSMessage, maxSMSMessage, "\n"),
		checkMessageText("EmailMessage", r.EmailMessage, maxEmailMessage, "\r\n\t"),
		checkMessageText("EmailSubject", r.EmailSubject, maxEmailSubject, ""),
	)
}

func checkMessageText(name, text string, most int, allowed string) error {
	bad := func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(allowed, r) }
	if !utf8.ValidString(text) || strings.ContainsFunc(text, bad) {
		return fmt.Errorf("%s is not UTF-8, or has control characters", name)
	}
	if n := utf8.RuneCountInString(text); n > most {
		return fmt.Errorf("%s has %d characters; at most %d are allowed", name, n, most)
	}
	return nil
}
