package message

const germanDetails = "Zeit: {time}\nOrt: {place}\nGerät: {device}"

var german = locale{
	tag:     "de",
	open:    "Anmelden",
	unknown: "nicht bekannt",
	minutes: []string{"%d Minute", "%d Minuten"},
	hours:   []string{"%d Stunde", "%d Stunden"},
	days:    []string{"%d Tag", "%d Tage"},
	what: map[string]string{
		SignInAllowed:        "Die Anmeldung wurde zugelassen.",
		SignInChallenged:     "Die Anmeldung musste mit einem zweiten Faktor bestätigt werden.",
		SignInBlocked:        "Die Anmeldung wurde abgelehnt.",
		EmailChanged:         "Die E-Mail-Adresse Ihres Kontos wurde geändert.",
		PhoneNumberChanged:   "Die Telefonnummer Ihres Kontos wurde geändert.",
		AuthenticatorAdded:   "Ihrem Konto wurde eine Authenticator-App hinzugefügt.",
		AuthenticatorRemoved: "Eine Authenticator-App wurde aus Ihrem Konto entfernt.",
		PasskeyAdded:         "Ihrem Konto wurde ein Passkey hinzugefügt.",
		PasskeyRemoved:       "Ein Passkey wurde aus Ihrem Konto entfernt.",
		RecoveryCodesAdded:   "Für Ihr Konto wurden neue Wiederherstellungscodes erstellt. Frühere gelten nicht mehr.",
		RecoveryCodesRemoved: "Die Wiederherstellungscodes Ihres Kontos wurden entfernt.",
		RecoveryCodeUsed:     "Bei Ihrem Konto wurde ein Wiederherstellungscode zur Anmeldung verwendet.",
		MFAEnabled:           "Ihr Konto verlangt bei der Anmeldung jetzt einen zweiten Faktor.",
		MFADisabled:          "Ihr Konto verlangt bei der Anmeldung keinen zweiten Faktor mehr.",
		IdentityLinked:       "Ein Konto bei einem anderen Anbieter wurde mit Ihrem Konto verknüpft und kann zur Anmeldung verwendet werden.",
		IdentityUnlinked:     "Ein Konto bei einem anderen Anbieter ist nicht mehr mit Ihrem Konto verknüpft.",
	},
	texts: map[string]text{
		SignUp: {
			"Ihr Code zur Bestätigung Ihrer E-Mail-Adresse",
			[]string{
				"Ihr Code zur Bestätigung Ihrer E-Mail-Adresse:",
				placeCode,
				"Er ist {validity} gültig. Geben Sie ihn nur auf der Seite ein, auf der Sie sich registriert haben, und nennen Sie ihn niemandem.",
				"Wenn Sie sich nicht registriert haben, ignorieren Sie diese Nachricht.",
			},
			"{pool}: {####} ist Ihr Code zur Bestätigung Ihrer Telefonnummer, {validity} gültig. Nennen Sie ihn niemandem.\n" + domainLine,
		},
		ForgotPassword: {
			"Ihr Code für ein neues Passwort",
			[]string{
				"Ihr Code für ein neues Passwort:",
				placeCode,
				"Er ist {validity} gültig. Geben Sie ihn nur auf der Seite ein, auf der Sie ihn angefordert haben, und nennen Sie ihn niemandem.",
				"Wenn Sie ihn nicht angefordert haben, ignorieren Sie diese Nachricht: Ihr Passwort bleibt, wie es ist.",
			},
			"{pool}: {####} ist Ihr Code für ein neues Passwort, {validity} gültig. Nicht von Ihnen angefordert? Ignorieren Sie diese Nachricht.\n" + domainLine,
		},
		AccountExists: {
			"Sie haben bereits ein Konto",
			[]string{
				"Jemand, vermutlich Sie selbst, hat sich mit dieser E-Mail-Adresse registriert, die bereits ein Konto hat.",
				"Melden Sie sich stattdessen an. Wenn Sie das Passwort nicht mehr wissen, können Sie auf der Anmeldeseite ein neues setzen.",
				"Wenn Sie es nicht waren, ignorieren Sie diese Nachricht: Ihr Konto bleibt, wie es ist.",
			},
			"{pool}: Jemand hat sich mit dieser Telefonnummer registriert, die bereits ein Konto hat. Waren Sie es? Dann melden Sie sich einfach an.",
		},
		AdminCreateUser: {
			"Ihr neues Konto",
			[]string{
				"Für Sie wurde ein Konto angelegt. Melden Sie sich mit diesem Benutzernamen und diesem vorläufigen Passwort an:",
				"Benutzername: {username}",
				placeCode,
				"Das vorläufige Passwort ist {validity} gültig. Geben Sie es nur auf der Anmeldeseite ein, auf der Sie dann ein eigenes wählen, und nennen Sie es niemandem.",
				"Wenn Sie kein Konto erwartet haben, ignorieren Sie diese Nachricht.",
			},
			"{pool}: Für Sie wurde ein Konto angelegt.\nBenutzername: {username}\nVorläufiges Passwort, {validity} gültig: {####}\nNennen Sie es niemandem.",
		},
		VerifyUserAttribute: {
			"Ihr Code zur Bestätigung dieser E-Mail-Adresse",
			[]string{
				"Ihr Code zur Bestätigung, dass diese E-Mail-Adresse Ihnen gehört:",
				placeCode,
				"Er ist {validity} gültig. Geben Sie ihn nur auf der Seite ein, auf der Sie ihn angefordert haben, und nennen Sie ihn niemandem.",
				"Wenn Sie ihn nicht angefordert haben, ignorieren Sie diese Nachricht.",
			},
			"{pool}: {####} ist Ihr Code zur Bestätigung dieser Telefonnummer, {validity} gültig. Nicht von Ihnen angefordert? Ignorieren Sie diese Nachricht.\n" + domainLine,
		},
		Authentication: {
			"Ihr Code zur Anmeldung",
			[]string{
				"Ihr Code zur Anmeldung:",
				placeCode,
				"Er ist {validity} gültig. Geben Sie ihn nur auf der Seite ein, auf der Sie sich gerade anmelden, und nennen Sie ihn niemandem, wer auch immer fragt.",
				"Wenn Sie es nicht waren, verwenden Sie den Code nicht. Wenn Sie ein Passwort haben, ändern Sie es: Jemand könnte es kennen.",
			},
			"{pool}: {####} ist Ihr Code zur Anmeldung, {validity} gültig. Nennen Sie ihn niemandem. Waren Sie es nicht? Ändern Sie Ihr Passwort.\n" + domainLine,
		},
		SignInLink: {
			"Ihr Link zur Anmeldung",
			[]string{
				"Ihr Link zur Anmeldung:",
				placeLink,
				"Er ist {validity} gültig und funktioniert einmal. Öffnen Sie ihn nur in dem Browser, in dem Sie ihn angefordert haben, und geben Sie ihn niemandem weiter.",
				"Wenn Sie ihn nicht angefordert haben, ignorieren Sie diese Nachricht.",
			},
			"{pool}: Ihr Link zur Anmeldung, {validity} gültig: {link}\nNicht von Ihnen angefordert? Ignorieren Sie diese Nachricht.",
		},
		AccountTakeOverNotification: {
			"Ungewöhnliche Anmeldung bei Ihrem Konto",
			[]string{
				"Jemand hat sich auf ungewöhnliche Weise bei Ihrem Konto angemeldet oder es versucht. {what}",
				germanDetails,
				"Wenn Sie es waren, müssen Sie nichts tun.",
				"Wenn Sie es nicht waren, ändern Sie sofort Ihr Passwort. Öffnen Sie die Anmeldeseite wie gewohnt: Diese Nachricht enthält keinen Link dorthin.",
			},
			"{pool}: Ungewöhnliche Anmeldung bei Ihrem Konto ({time}). {what} Waren Sie es nicht? Ändern Sie sofort Ihr Passwort.",
		},
		PasswordChanged: {
			"Ihr Passwort wurde geändert",
			[]string{
				"Das Passwort Ihres Kontos wurde geändert.",
				germanDetails,
				"Wenn Sie es waren, müssen Sie nichts tun.",
				"Wenn Sie es nicht waren, setzen Sie sofort ein neues Passwort. Öffnen Sie die Anmeldeseite wie gewohnt: Diese Nachricht enthält keinen Link dorthin.",
			},
			"{pool}: Ihr Passwort wurde geändert ({time}). Waren Sie es nicht? Setzen Sie auf der Anmeldeseite sofort ein neues.",
		},
		AttributeChanged: {
			"Ihre Kontaktdaten wurden geändert",
			[]string{
				"{what} Diese Nachricht geht dorthin, wo Sie bisher zu erreichen waren.",
				germanDetails,
				"Wenn Sie es waren, müssen Sie nichts tun.",
				"Wenn Sie es nicht waren, ändern Sie sofort Ihr Passwort und bitten Sie den Betreiber um Hilfe.",
			},
			"{pool}: {what} ({time}) Waren Sie es nicht? Ändern Sie sofort Ihr Passwort und bitten Sie um Hilfe.",
		},
		FactorChanged: {
			"Ihre Anmeldung wurde geändert",
			[]string{
				"{what}",
				germanDetails,
				"Wenn Sie es waren, müssen Sie nichts tun.",
				"Wenn Sie es nicht waren, ändern Sie sofort Ihr Passwort und sehen Sie nach, womit man sich bei Ihrem Konto anmelden kann.",
			},
			"{pool}: {what} ({time}) Waren Sie es nicht? Ändern Sie sofort Ihr Passwort.",
		},
		Welcome: {
			"Ihr Konto ist umgezogen",
			[]string{
				"Ihr Konto ist zu einem neuen Dienst umgezogen. Sie melden sich mit demselben Namen an wie bisher.",
				"Wenn nicht Sie sich gerade angemeldet oder ein neues Passwort angefordert haben, ändern Sie Ihr Passwort.",
			},
			"{pool}: Ihr Konto ist zu einem neuen Dienst umgezogen. Sie melden sich mit demselben Namen an wie bisher.",
		},
	},
}
