package message

const dutchDetails = "Tijd: {time}\nPlaats: {place}\nApparaat: {device}"

var dutch = locale{
	tag:     "nl",
	open:    "Inloggen",
	unknown: "niet bekend",
	minutes: []string{"%d minuut", "%d minuten"},
	hours:   []string{"%d uur"},
	days:    []string{"%d dag", "%d dagen"},
	what: map[string]string{
		SignInAllowed:        "De inlogpoging is toegestaan.",
		SignInChallenged:     "De inlogpoging moest met een tweede factor worden bevestigd.",
		SignInBlocked:        "De inlogpoging is geweigerd.",
		EmailChanged:         "Het e-mailadres van uw account is gewijzigd.",
		PhoneNumberChanged:   "Het telefoonnummer van uw account is gewijzigd.",
		AuthenticatorAdded:   "Er is een authenticator-app aan uw account toegevoegd.",
		AuthenticatorRemoved: "Er is een authenticator-app uit uw account verwijderd.",
		PasskeyAdded:         "Er is een passkey aan uw account toegevoegd.",
		PasskeyRemoved:       "Er is een passkey uit uw account verwijderd.",
		RecoveryCodesAdded:   "Er zijn nieuwe herstelcodes voor uw account gemaakt. Eerdere zijn niet meer geldig.",
		RecoveryCodesRemoved: "De herstelcodes van uw account zijn verwijderd.",
		RecoveryCodeUsed:     "Er is een herstelcode gebruikt om in te loggen op uw account.",
		MFAEnabled:           "Uw account vraagt bij het inloggen nu om een tweede factor.",
		MFADisabled:          "Uw account vraagt bij het inloggen niet meer om een tweede factor.",
		IdentityLinked:       "Er is een account bij een andere aanbieder aan uw account gekoppeld, waarmee kan worden ingelogd.",
		IdentityUnlinked:     "Een account bij een andere aanbieder is niet langer aan uw account gekoppeld.",
	},
	texts: map[string]text{
		SignUp: {
			"Uw code om uw e-mailadres te bevestigen",
			[]string{
				"Uw code om uw e-mailadres te bevestigen:",
				placeCode,
				"De code is {validity} geldig. Typ de code alleen op de pagina waarop u zich hebt aangemeld en geef de code aan niemand door.",
				"Als u zich niet hebt aangemeld, kunt u dit bericht negeren.",
			},
			"{pool}: {####} is uw code om uw telefoonnummer te bevestigen, {validity} geldig. Geef de code aan niemand door.\n" + domainLine,
		},
		ForgotPassword: {
			"Uw code om een nieuw wachtwoord in te stellen",
			[]string{
				"Uw code om een nieuw wachtwoord in te stellen:",
				placeCode,
				"De code is {validity} geldig. Typ de code alleen op de pagina waarop u erom hebt gevraagd en geef de code aan niemand door.",
				"Als u er niet om hebt gevraagd, kunt u dit bericht negeren: uw wachtwoord blijft zoals het is.",
			},
			"{pool}: {####} is uw code voor een nieuw wachtwoord, {validity} geldig. Niet om gevraagd? Negeer dit bericht.\n" + domainLine,
		},
		AccountExists: {
			"U hebt al een account",
			[]string{
				"Iemand, waarschijnlijk uzelf, heeft zich aangemeld met dit e-mailadres, dat al een account heeft.",
				"Log in plaats daarvan in. Als u het wachtwoord niet meer weet, kunt u op de inlogpagina een nieuw wachtwoord instellen.",
				"Als u het niet was, kunt u dit bericht negeren: uw account blijft zoals het is.",
			},
			"{pool}: iemand heeft zich aangemeld met dit telefoonnummer, dat al een account heeft. Log in, of negeer dit bericht als u het niet was.",
		},
		AdminCreateUser: {
			"Uw nieuwe account",
			[]string{
				"Er is een account voor u gemaakt. Log in met deze gebruikersnaam en dit tijdelijke wachtwoord:",
				"Gebruikersnaam: {username}",
				placeCode,
				"Het tijdelijke wachtwoord is {validity} geldig. Typ het alleen op de inlogpagina, waar u daarna een eigen wachtwoord kiest, en geef het aan niemand door.",
				"Als u geen account verwachtte, kunt u dit bericht negeren.",
			},
			"{pool}: er is een account voor u gemaakt.\nGebruikersnaam: {username}\nTijdelijk wachtwoord, {validity} geldig: {####}\nGeef het aan niemand door.",
		},
		VerifyUserAttribute: {
			"Uw code om dit e-mailadres te bevestigen",
			[]string{
				"Uw code om te bevestigen dat dit e-mailadres van u is:",
				placeCode,
				"De code is {validity} geldig. Typ de code alleen op de pagina waarop u erom hebt gevraagd en geef de code aan niemand door.",
				"Als u er niet om hebt gevraagd, kunt u dit bericht negeren.",
			},
			"{pool}: {####} is uw code om dit telefoonnummer te bevestigen, {validity} geldig. Niet om gevraagd? Negeer dit bericht.\n" + domainLine,
		},
		Authentication: {
			"Uw code om in te loggen",
			[]string{
				"Uw code om in te loggen:",
				placeCode,
				"De code is {validity} geldig. Typ de code alleen op de pagina waarop u nu inlogt en geef de code aan niemand door, wie er ook om vraagt.",
				"Als u het niet was, gebruik de code dan niet. Als u een wachtwoord hebt, wijzig het dan: misschien kent iemand het.",
			},
			"{pool}: {####} is uw code om in te loggen, {validity} geldig. Geef de code aan niemand door. Was u het niet? Wijzig uw wachtwoord.\n" + domainLine,
		},
		SignInLink: {
			"Uw link om in te loggen",
			[]string{
				"Uw link om in te loggen:",
				placeLink,
				"De link is {validity} geldig en werkt één keer. Open de link alleen in de browser waarin u erom hebt gevraagd en geef de link aan niemand door.",
				"Als u er niet om hebt gevraagd, kunt u dit bericht negeren.",
			},
			"{pool}: uw link om in te loggen, {validity} geldig: {link}\nNiet om gevraagd? Negeer dit bericht.",
		},
		AccountTakeOverNotification: {
			"Ongebruikelijke inlogpoging op uw account",
			[]string{
				"Iemand heeft op een ongebruikelijke manier op uw account ingelogd, of dat geprobeerd. {what}",
				dutchDetails,
				"Als u het was, hoeft u niets te doen.",
				"Als u het niet was, wijzig dan meteen uw wachtwoord. Open de inlogpagina zoals u gewend bent: dit bericht bevat er geen link naar.",
			},
			"{pool}: ongebruikelijke inlogpoging op uw account ({time}). {what} Was u het niet? Wijzig meteen uw wachtwoord.",
		},
		PasswordChanged: {
			"Uw wachtwoord is gewijzigd",
			[]string{
				"Het wachtwoord van uw account is gewijzigd.",
				dutchDetails,
				"Als u het was, hoeft u niets te doen.",
				"Als u het niet was, stel dan meteen een nieuw wachtwoord in. Open de inlogpagina zoals u gewend bent: dit bericht bevat er geen link naar.",
			},
			"{pool}: uw wachtwoord is gewijzigd ({time}). Was u het niet? Stel op de inlogpagina meteen een nieuw wachtwoord in.",
		},
		AttributeChanged: {
			"Uw contactgegevens zijn gewijzigd",
			[]string{
				"{what} Dit bericht gaat naar waar u tot nu toe bereikbaar was.",
				dutchDetails,
				"Als u het was, hoeft u niets te doen.",
				"Als u het niet was, wijzig dan meteen uw wachtwoord en vraag de beheerder van de dienst om hulp.",
			},
			"{pool}: {what} ({time}) Was u het niet? Wijzig meteen uw wachtwoord en vraag om hulp.",
		},
		FactorChanged: {
			"Uw manier van inloggen is gewijzigd",
			[]string{
				"{what}",
				dutchDetails,
				"Als u het was, hoeft u niets te doen.",
				"Als u het niet was, wijzig dan meteen uw wachtwoord en kijk waarmee er op uw account kan worden ingelogd.",
			},
			"{pool}: {what} ({time}) Was u het niet? Wijzig meteen uw wachtwoord.",
		},
		Welcome: {
			"Uw account is verhuisd",
			[]string{
				"Uw account is verhuisd naar een nieuwe dienst. U logt in met dezelfde naam als voorheen.",
				"Als u niet zelf zojuist hebt ingelogd of een nieuw wachtwoord hebt aangevraagd, wijzig dan uw wachtwoord.",
			},
			"{pool}: uw account is verhuisd naar een nieuwe dienst. U logt in met dezelfde naam als voorheen.",
		},
	},
}
