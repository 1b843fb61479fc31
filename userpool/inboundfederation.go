package userpool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// maxInbound bounds what InboundFederation returns, in bytes.
const maxInbound = 64 << 10

// inboundFederation lets the hook change what a provider says about a person.
func (p *Pool) inboundFederation(ctx context.Context, provider string, attributes map[string][]string) (map[string][]string, error) {
	const hook = "InboundFederation"
	if p.hooks.InboundFederation == nil {
		return attributes, nil
	}
	result, err := runHook(ctx, p, hook, p.hooks.InboundFederation, InboundFederationEvent{
		Trigger: TriggerInboundFederation, ProviderName: provider, Attributes: cloneValues(attributes),
	})
	if err != nil {
		return nil, err
	}
	if len(result.UserAttributesToMap) == 0 {
		return attributes, nil
	}
	if err := checkInbound(result.UserAttributesToMap); err != nil {
		return nil, p.hookFailed(ctx, hook, err)
	}
	return cloneValues(result.UserAttributesToMap), nil
}

func checkInbound(attributes map[string][]string) error {
	size := 0
	for name, values := range attributes {
		size += len(name) + len(values)
		valid := utf8.ValidString(name)
		for _, value := range values {
			size += len(value)
			valid = valid && utf8.ValidString(value)
		}
		if !valid {
			return errors.New("UserAttributesToMap has text that is not UTF-8")
		}
	}
	if size > maxInbound {
		return fmt.Errorf("UserAttributesToMap has more than %d bytes", maxInbound)
	}
	return nil
}

func cloneValues(in map[string][]string) map[string][]string {
	out := make(map[string][]string, len(in))
	for name, values := range in {
		out[name] = slices.Clone(values)
	}
	return out
}
