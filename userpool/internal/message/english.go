package message

const englishDetails = "Time: {time}\nPlace: {place}\nDevice: {device}"

var english = locale{
	tag:     "en",
	open:    "Sign in",
	unknown: "not known",
	minutes: []string{"%d minute", "%d minutes"},
	hours:   []string{"%d hour", "%d hours"},
	days:    []string{"%d day", "%d days"},
	what: map[string]string{
		SignInAllowed:        "The sign-in was allowed.",
		SignInChallenged:     "The sign-in had to be confirmed by a second factor.",
		SignInBlocked:        "The sign-in was refused.",
		EmailChanged:         "The e-mail address of your account was changed.",
		PhoneNumberChanged:   "The phone number of your account was changed.",
		AuthenticatorAdded:   "An authenticator app was added to your account.",
		AuthenticatorRemoved: "An authenticator app was removed from your account.",
		PasskeyAdded:         "A passkey was added to your account.",
		PasskeyRemoved:       "A passkey was removed from your account.",
		RecoveryCodesAdded:   "New recovery codes were made for your account. Earlier ones no longer work.",
		RecoveryCodesRemoved: "The recovery codes of your account were removed.",
		RecoveryCodeUsed:     "A recovery code was used to sign in to your account.",
		MFAEnabled:           "Your account now asks for a second factor at sign-in.",
		MFADisabled:          "Your account no longer asks for a second factor at sign-in.",
		IdentityLinked:       "An account at another provider was linked to your account and can be used to sign in.",
		IdentityUnlinked:     "An account at another provider is no longer linked to your account.",
	},
	texts: map[string]text{
		SignUp: {
			"Your code to confirm your e-mail address",
			[]string{
				"Your code to confirm your e-mail address:",
				placeCode,
				"It is valid for {validity}. Type it only on the page where you signed up, and tell it to nobody.",
				"If you did not sign up, ignore this message.",
			},
			"{pool}: {####} is your code to confirm your phone number, valid for {validity}. Type it only on the page where you signed up.\n" + domainLine,
		},
		ForgotPassword: {
			"Your code to set a new password",
			[]string{
				"Your code to set a new password:",
				placeCode,
				"It is valid for {validity}. Type it only on the page where you asked for it, and tell it to nobody.",
				"If you did not ask for it, ignore this message: your password stays as it is.",
			},
			"{pool}: {####} is your code to set a new password, valid for {validity}. If you did not ask for it, ignore this message.\n" + domainLine,
		},
		AccountExists: {
			"You already have an account",
			[]string{
				"Somebody, most likely you, signed up with this e-mail address, which has an account already.",
				"Sign in instead. If you no longer know the password, you can set a new one from the sign-in page.",
				"If it was not you, ignore this message: your account stays as it is.",
			},
			"{pool}: somebody signed up with this phone number, which has an account already. Sign in instead, or ignore this message if it was not you.",
		},
		AdminCreateUser: {
			"Your new account",
			[]string{
				"An account was made for you. Sign in with this user name and this temporary password:",
				"User name: {username}",
				placeCode,
				"The temporary password is valid for {validity}. Type it only on the sign-in page, where you then choose one of your own, and tell it to nobody.",
				"If you did not expect an account, ignore this message.",
			},
			"{pool}: an account was made for you.\nUser name: {username}\nTemporary password, valid for {validity}: {####}\nTell it to nobody.",
		},
		VerifyUserAttribute: {
			"Your code to confirm this e-mail address",
			[]string{
				"Your code to confirm that this e-mail address is yours:",
				placeCode,
				"It is valid for {validity}. Type it only on the page where you asked for it, and tell it to nobody.",
				"If you did not ask for it, ignore this message.",
			},
			"{pool}: {####} is your code to confirm this phone number, valid for {validity}. If you did not ask for it, ignore this message.\n" + domainLine,
		},
		Authentication: {
			"Your code to sign in",
			[]string{
				"Your code to sign in:",
				placeCode,
				"It is valid for {validity}. Type it only on the page where you are signing in, and tell it to nobody, whoever asks.",
				"If it was not you, do not use the code. If you have a password, change it: somebody may know it.",
			},
			"{pool}: {####} is your code to sign in, valid for {validity}. Tell it to nobody. If it was not you, change your password.\n" + domainLine,
		},
		SignInLink: {
			"Your link to sign in",
			[]string{
				"Your link to sign in:",
				placeLink,
				"It is valid for {validity} and works once. Open it only in the browser in which you asked for it, and pass it on to nobody.",
				"If you did not ask for it, ignore this message.",
			},
			"{pool}: your link to sign in, valid for {validity}: {link}\nIf you did not ask for it, ignore this message.",
		},
		AccountTakeOverNotification: {
			"Unusual sign-in to your account",
			[]string{
				"Somebody signed in to your account, or tried to, in a way that looks unusual. {what}",
				englishDetails,
				"If it was you, there is nothing to do.",
				"If it was not you, change your password at once. Go to the sign-in page as you always do: this message has no link for it.",
			},
			"{pool}: unusual sign-in to your account ({time}). {what} If it was not you, change your password.",
		},
		PasswordChanged: {
			"Your password was changed",
			[]string{
				"The password of your account was changed.",
				englishDetails,
				"If it was you, there is nothing to do.",
				"If it was not you, set a new password from the sign-in page at once. Go there as you always do: this message has no link for it.",
			},
			"{pool}: your password was changed ({time}). If it was not you, set a new one from the sign-in page at once.",
		},
		AttributeChanged: {
			"Your contact details were changed",
			[]string{
				"{what} This message goes to where you could be reached before.",
				englishDetails,
				"If it was you, there is nothing to do.",
				"If it was not you, change your password at once, and ask those who run the service for help.",
			},
			"{pool}: {what} ({time}) If it was not you, change your password at once and ask for help.",
		},
		FactorChanged: {
			"The way you sign in was changed",
			[]string{
				"{what}",
				englishDetails,
				"If it was you, there is nothing to do.",
				"If it was not you, change your password at once, and look at what your account has for signing in.",
			},
			"{pool}: {what} ({time}) If it was not you, change your password.",
		},
		Welcome: {
			"Your account has moved",
			[]string{
				"Your account has moved to a new service. You sign in with the same name as before.",
				"If it was not you who signed in or asked for a new password just now, change your password.",
			},
			"{pool}: your account has moved to a new service. You sign in with the same name as before.",
		},
	},
}
