package userpool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// statusLetters are the columns of the table in the comment of UserStatus.
var statusLetters = map[string]userpool.UserStatus{
	"U": userpool.StatusUnconfirmed, "C": userpool.StatusConfirmed, "F": userpool.StatusForceChangePassword,
	"R": userpool.StatusResetRequired, "E": userpool.StatusExternalProvider,
}

// statusTable reads the table in the comment of UserStatus: what becomes of each status by each operation.
func statusTable(t *testing.T) map[string]map[string]string {
	source, err := os.ReadFile("user.go")
	require.NoError(t, err)
	table := map[string]map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^//\t(\S.*?) {2,}([UCFRE-] .*)$`).FindAllStringSubmatch(string(source), -1) {
		cells := strings.Fields(row[2])
		require.Len(t, cells, 5, row[1])
		table[row[1]] = map[string]string{"U": cells[0], "C": cells[1], "F": cells[2], "R": cells[3], "E": cells[4]}
	}
	return table
}

// stand is a user in a state, with the tokens of a sign-in that is still good.
type stand struct {
	*kit
	userpool.User
	email  string
	tokens *userpool.Tokens
}

const newPassword = "a new password of many words"

// statusOperations do what the rows of the table say, and tell whether it was done.
var statusOperations = map[string]func(ctx context.Context, s stand) error{
	"ConfirmSignUp": func(ctx context.Context, s stand) error {
		_, err := s.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{Username: s.Sub, ConfirmationCode: s.code(ctx, "confirm-sign-up")})
		return err
	},
	"ResendConfirmationCode": func(ctx context.Context, s stand) error {
		return s.sends(func() error {
			_, err := s.ResendConfirmationCode(ctx, userpool.ResendConfirmationCodeInput{Username: s.Sub})
			return err
		})
	},
	"AdminConfirmSignUp": func(ctx context.Context, s stand) error {
		return s.AdminConfirmSignUp(ctx, userpool.AdminConfirmSignUpInput{Username: s.Sub})
	},
	"sign-in with a password": func(ctx context.Context, s stand) error {
		out, err := s.InitiateAuth(ctx, userpool.InitiateAuthInput{
			AuthFlow: userpool.UserPasswordAuth, ClientID: webApp.ID, Username: s.Sub, Password: password,
		})
		if err != nil || out.Challenge == nil {
			return err
		}
		_, err = s.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
			ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: webApp.ID,
			Response: userpool.ChallengeResponse{NewPassword: newPassword},
		})
		return err
	},
	"ForgotPassword": func(ctx context.Context, s stand) error {
		return s.sends(func() error {
			_, err := s.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: s.Sub})
			return err
		})
	},
	"ConfirmForgotPassword": func(ctx context.Context, s stand) error {
		return s.ConfirmForgotPassword(ctx, userpool.ConfirmForgotPasswordInput{
			Username: s.Sub, ConfirmationCode: s.code(ctx, "forgot-password"), Password: newPassword,
		})
	},
	"ChangePassword": func(ctx context.Context, s stand) error {
		return s.ChangePassword(ctx, userpool.ChangePasswordInput{
			AccessToken: s.tokens.AccessToken, PreviousPassword: password, ProposedPassword: newPassword,
		})
	},
	"AdminResetUserPassword": func(ctx context.Context, s stand) error {
		return s.AdminResetUserPassword(ctx, userpool.AdminResetUserPasswordInput{Username: s.Sub})
	},
	"AdminSetUserPassword, permanent": func(ctx context.Context, s stand) error {
		return s.AdminSetUserPassword(ctx, userpool.AdminSetUserPasswordInput{Username: s.Sub, Password: newPassword, Permanent: true})
	},
	"AdminSetUserPassword, temporary": func(ctx context.Context, s stand) error {
		return s.AdminSetUserPassword(ctx, userpool.AdminSetUserPasswordInput{Username: s.Sub, Password: newPassword})
	},
	"AdminCreateUser, RESEND": func(ctx context.Context, s stand) error {
		_, err := s.AdminCreateUser(ctx, userpool.AdminCreateUserInput{Username: s.Sub, MessageAction: userpool.MessageActionResend})
		return err
	},
	"AdminCreateUser, same name": func(ctx context.Context, s stand) error {
		_, err := s.AdminCreateUser(ctx, userpool.AdminCreateUserInput{Username: s.email})
		return err
	},
	"SignUp, same name": func(ctx context.Context, s stand) error {
		out, err := s.kit.SignUp(ctx, userpool.SignUpInput{Username: s.email, Password: password})
		if err != nil {
			return err
		}
		_, err = s.AdminGetUser(ctx, out.UserSub)
		return err
	},
}

// sends tells whether what is done sends a message.
func (s stand) sends(do func() error) error {
	before := s.mails()
	if err := do(); err != nil {
		return err
	}
	if s.mails() == before {
		return errors.New("nothing was sent")
	}
	return nil
}

// code has a code sent for a purpose that the state allows, and moves it to the user in the present state.
func (s stand) code(ctx context.Context, purpose string) string {
	s.t.Helper()
	asked := userpool.StatusConfirmed
	if purpose == "confirm-sign-up" {
		asked = userpool.StatusUnconfirmed
	}
	s.set(ctx, func(u *userpool.User) { u.Status = asked })
	if asked == userpool.StatusUnconfirmed {
		_, err := s.ResendConfirmationCode(ctx, userpool.ResendConfirmationCodeInput{Username: s.Sub})
		require.NoError(s.t, err)
	} else {
		_, err := s.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: s.Sub})
		require.NoError(s.t, err)
	}
	s.set(ctx, func(u *userpool.User) { u.Status = s.Status })
	return s.mail().Code
}

func (s stand) set(ctx context.Context, change func(*userpool.User)) {
	s.t.Helper()
	u, err := s.config.Store.User(ctx, "default", s.Sub)
	require.NoError(s.t, err)
	change(&u)
	require.NoError(s.t, s.config.Store.UpdateUser(ctx, "default", u))
}

// stand makes a user in a state, of a pattern who has the password.
func (k *kit) stand(ctx context.Context, n int, status userpool.UserStatus, pattern userpool.User) stand {
	k.t.Helper()
	s := stand{kit: k, User: pattern.Clone(), email: fmt.Sprintf("user%d@example.com", n)}
	s.Sub = fmt.Sprintf("00000000-0000-4000-8000-%012d", n)
	s.Username, s.Status = s.Sub, userpool.StatusConfirmed
	s.Attributes = map[string]string{"email": s.email, "email_verified": "true"}
	s.Identifiers = []userpool.Identifier{{Kind: userpool.IdentifierEmail, Value: s.email}}
	require.NoError(k.t, k.config.Store.CreateUser(ctx, "default", s.User))
	s.tokens = k.tokens(s.Sub)
	s.Status = status
	s.set(ctx, func(u *userpool.User) {
		u.Status = status
		if status == userpool.StatusExternalProvider {
			u.Username, u.PasswordHash = "Example_"+u.Sub, ""
			u.Identifiers = []userpool.Identifier{{Kind: userpool.IdentifierFederated, Value: "Example " + u.Sub}}
		}
		if status == userpool.StatusForceChangePassword {
			u.PasswordExpires = k.clock.Now().Add(time.Hour)
		}
	})
	return s
}

// Every operation does in every state what the comment of UserStatus says.
func TestUserStatus_EveryOperation(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, nil)
	pattern, err := k.config.Store.User(ctx, "default", k.user("pattern@example.com"))
	require.NoError(t, err)
	table := statusTable(t)
	n := 0
	for operation, do := range statusOperations {
		require.Contains(t, table, operation)
		for _, letter := range []string{"U", "C", "F", "R", "E"} {
			n++
			want, name := table[operation][letter], operation+" of "+letter
			s := k.stand(ctx, n, statusLetters[letter], pattern)
			called := s.Sub
			if strings.HasSuffix(operation, "same name") && letter == "E" {
				s.email = "Example_" + s.Sub // nobody can be made with such a name
			} else if strings.HasSuffix(operation, "same name") {
				called = s.email // the sub may be another one's by then
			}
			err := do(ctx, s)
			if want == "-" {
				require.Error(t, err, name)
				want = letter
			} else {
				require.NoError(t, err, name)
			}
			found, err := k.AdminGetUser(ctx, called)
			require.NoError(t, err, name)
			require.Equal(t, statusLetters[want], found.Status, name)
		}
	}
	// What has one column is shown elsewhere: TestFederation.
	require.Len(t, table, len(statusOperations))
	require.NotContains(t, table, "sign-in at another provider")
}

// Being disabled and enabled, and changes of attributes, leave the status as it is.
func TestUserStatus_ApartFromIt(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, nil)
	pattern, err := k.config.Store.User(ctx, "default", k.user("pattern@example.com"))
	require.NoError(t, err)
	for i, letter := range slices.Sorted(func(yield func(string) bool) {
		for letter := range statusLetters {
			if !yield(letter) {
				return
			}
		}
	}) {
		s := k.stand(ctx, i, statusLetters[letter], pattern)
		require.NoError(t, k.AdminDisableUser(ctx, s.Sub))
		for operation, do := range statusOperations {
			if strings.HasPrefix(operation, "AdminSetUserPassword") || operation == "AdminConfirmSignUp" || strings.HasSuffix(operation, "name") {
				continue // an administrator may
			}
			require.Error(t, do(ctx, s), "%s of a disabled %s", operation, letter)
		}
		require.NoError(t, k.AdminEnableUser(ctx, s.Sub))
		require.NoError(t, k.AdminUpdateUserAttributes(ctx, userpool.AdminUpdateUserAttributesInput{
			Username: s.Sub, UserAttributes: map[string]string{"name": "Ada"},
		}))
		require.NoError(t, k.AdminUserGlobalSignOut(ctx, s.Sub))
		found, err := k.AdminGetUser(ctx, s.Sub)
		require.NoError(t, err)
		require.Equal(t, s.Status, found.Status)
	}
}
