package identitypool

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/stepwell/stepwell/identitypool/policy"
)

// The actions of trust policies.
const (
	actionAssumeRole  = "sts:AssumeRole"
	actionWebIdentity = "sts:AssumeRoleWithWebIdentity"
	actionSAML        = "sts:AssumeRoleWithSAML"
	actionTagSession  = "sts:TagSession"
	actionSetSource   = "sts:SetSourceIdentity"
)

// defaultTrust is the trust policy of a role that has none of its own: that of identities of this pool with a login, or of its guests.
func defaultTrust(pool string, guests bool) string {
	action, amr := `["`+actionWebIdentity+`", "`+actionTagSession+`"]`, "authenticated"
	if guests {
		action, amr = `"`+actionWebIdentity+`"`, unauthenticated
	}
	return `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {"Federated": "` + keyPrefix + `"},
      "Action": ` + action + `,
      "Condition": {
        "StringEquals": {"` + keyPrefix + `:aud": "` + pool + `"},
        "ForAnyValue:StringLike": {"` + keyPrefix + `:amr": "` + amr + `"}
      }
    }
  ]
}`
}

// allowAll stands for the policies of those who have none of their own and are judged by the trust policy alone.
var allowAll = parseConstant(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)

// parseConstant parses a document of this package.
func parseConstant(text string) *policy.Document {
	document, err := policy.Parse([]byte(text))
	if err != nil {
		panic(err) // each test would see it
	}
	return document
}

// trustQuestion asks whether somebody may have a role.
type trustQuestion struct {
	action         string
	principal      policy.Principal
	rules          *policy.Policies // of a caller; nil for those with a token
	set            func(*policy.Context)
	sessionName    string
	externalID     string
	tags           []pair
	transitive     []string
	sourceIdentity string
}

// trusts evaluates the trust policy of a role, and for a caller their own policies. What it denies is logged with the trace; quiet leaves
// that out.
func (p *Pool) trusts(ctx context.Context, r *role, q *trustQuestion, quiet bool) bool {
	conditions := q.context(ctx, p.now().UTC())
	rules := &policy.Policies{Identity: []*policy.Document{allowAll}}
	if q.rules != nil {
		rules = q.rules
	}
	rules.Resource, rules.ResourceMustAllow, rules.ResourceAccount = []*policy.Document{r.trust}, true, p.account
	if q.rules == nil {
		rules.ResourceAccount = ""
	}
	actions := []string{q.action}
	if len(q.tags) > 0 {
		actions = append(actions, actionTagSession)
	}
	if q.sourceIdentity != "" {
		actions = append(actions, actionSetSource)
	}
	for _, action := range actions {
		request := &policy.Request{Principal: q.principal, Action: action, Resource: r.arn, Context: conditions}
		if rules.Evaluate(request).Allowed {
			continue
		}
		if !quiet && p.logger.Enabled(ctx, slog.LevelInfo) {
			p.logger.InfoContext(ctx, "identitypool: role refused", "role", r.arn, "action", action, "trace", rules.Explain(request).String())
		}
		return false
	}
	return true
}

// context returns the condition keys of the question.
func (q *trustQuestion) context(ctx context.Context, now time.Time) *policy.Context {
	conditions := &policy.Context{}
	setRequestOf(ctx, conditions)
	conditions.Set("aws:CurrentTime", now.Format(time.RFC3339))
	conditions.Set("aws:EpochTime", strconv.FormatInt(now.Unix(), 10))
	if q.set != nil {
		q.set(conditions)
	}
	conditions.Set("sts:RoleSessionName", q.sessionName)
	if q.externalID != "" {
		conditions.Set("sts:ExternalId", q.externalID)
	}
	if q.sourceIdentity != "" {
		conditions.Set("sts:SourceIdentity", q.sourceIdentity)
	}
	keys := make([]string, 0, len(q.tags))
	for _, tag := range q.tags {
		conditions.Set("aws:RequestTag/"+tag.key, tag.value)
		keys = append(keys, tag.key)
	}
	conditions.Set("aws:TagKeys", keys...)
	conditions.Set("sts:TransitiveTagKeys", q.transitive...)
	return conditions
}

// identityQuestion asks whether an identity of this pool may have a role.
func (p *Pool) identityQuestion(identityID, sessionName string, amr []string, tags []pair, transitive []string) *trustQuestion {
	return &trustQuestion{
		action: actionWebIdentity, principal: policy.Principal{Federated: keyPrefix}, sessionName: sessionName,
		tags: tags, transitive: transitive,
		set: func(to *policy.Context) {
			setIdentity(to, p.id, identityID, amr)
			to.Set("aws:FederatedProvider", keyPrefix)
		},
	}
}

// stillTrusted reports whether a session that was issued under another trust policy would be issued under this one. That can be told of
// identities, whose session tokens say all that was asked.
func (p *Pool) stillTrusted(ctx context.Context, r *role, s *session) bool {
	if s.kind != identitySession {
		return false
	}
	q := p.identityQuestion(s.identityID, s.name, s.amr, s.tags, s.transitive)
	q.sourceIdentity = s.sourceIdentity
	return p.trusts(ctx, r, q, true)
}
