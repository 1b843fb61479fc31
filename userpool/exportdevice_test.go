package userpool

import "context"

// SealSoftwareTokenForTest seals the secret of an authenticator app as the pool keeps it in a user.
func (p *Pool) SealSoftwareTokenForTest(ctx context.Context, sub string, secret []byte) ([]byte, error) {
	return p.seal(ctx, secret, "software-token/"+sub)
}

// DeviceInsteadOfMFAForTest tells whether a sign-in that has proved some methods may prove its device instead of a second factor.
func (p *Pool) DeviceInsteadOfMFAForTest(ctx context.Context, sub, deviceKey string, flow AuthFlow, amr []string) (bool, error) {
	u, err := p.store.User(ctx, p.id, sub)
	if err != nil {
		return false, err
	}
	return p.deviceInsteadOfMFA(ctx, &signIn{Flow: flow, AMR: amr, DeviceKey: deviceKey, user: u})
}
