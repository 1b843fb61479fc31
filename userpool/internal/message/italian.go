package message

const italianDetails = "Ora: {time}\nLuogo: {place}\nDispositivo: {device}"

var italian = locale{
	tag:     "it",
	open:    "Accedi",
	unknown: "non noto",
	minutes: []string{"%d minuto", "%d minuti"},
	hours:   []string{"%d ora", "%d ore"},
	days:    []string{"%d giorno", "%d giorni"},
	what: map[string]string{
		SignInAllowed:        "L’accesso è stato consentito.",
		SignInChallenged:     "Per l’accesso è stato chiesto un secondo fattore.",
		SignInBlocked:        "L’accesso è stato rifiutato.",
		EmailChanged:         "L’indirizzo e-mail del tuo account è stato modificato.",
		PhoneNumberChanged:   "Il numero di telefono del tuo account è stato modificato.",
		AuthenticatorAdded:   "Un’app di autenticazione è stata aggiunta al tuo account.",
		AuthenticatorRemoved: "Un’app di autenticazione è stata rimossa dal tuo account.",
		PasskeyAdded:         "Una passkey è stata aggiunta al tuo account.",
		PasskeyRemoved:       "Una passkey è stata rimossa dal tuo account.",
		RecoveryCodesAdded:   "Sono stati creati nuovi codici di recupero per il tuo account. Quelli precedenti non sono più validi.",
		RecoveryCodesRemoved: "I codici di recupero del tuo account sono stati rimossi.",
		RecoveryCodeUsed:     "È stato usato un codice di recupero per accedere al tuo account.",
		MFAEnabled:           "Ora il tuo account richiede un secondo fattore per l’accesso.",
		MFADisabled:          "Il tuo account non richiede più un secondo fattore per l’accesso.",
		IdentityLinked:       "Un account presso un altro fornitore è stato collegato al tuo account e può essere usato per l’accesso.",
		IdentityUnlinked:     "Un account presso un altro fornitore non è più collegato al tuo account.",
	},
	texts: map[string]text{
		SignUp: {
			"Il tuo codice per confermare l’indirizzo e-mail",
			[]string{
				"Il tuo codice per confermare l’indirizzo e-mail:",
				placeCode,
				"È valido per {validity}. Inseriscilo solo nella pagina in cui hai effettuato la registrazione e non comunicarlo a nessuno.",
				"Se non hai effettuato la registrazione, ignora questo messaggio.",
			},
			"{pool}: {####} è il tuo codice per confermare il numero di telefono, valido per {validity}. Non comunicarlo a nessuno.\n" + domainLine,
		},
		ForgotPassword: {
			"Il tuo codice per impostare una nuova password",
			[]string{
				"Il tuo codice per impostare una nuova password:",
				placeCode,
				"È valido per {validity}. Inseriscilo solo nella pagina in cui lo hai richiesto e non comunicarlo a nessuno.",
				"Se non lo hai richiesto, ignora questo messaggio: la tua password resta com’è.",
			},
			"{pool}: {####} è il tuo codice per impostare una nuova password, valido per {validity}. Se non lo hai richiesto, ignora questo messaggio.\n" + domainLine,
		},
		AccountExists: {
			"Hai già un account",
			[]string{
				"Qualcuno, probabilmente tu, ha tentato di registrarsi con questo indirizzo e-mail, che ha già un account.",
				"Accedi con quello. Se non ricordi più la password, puoi impostarne una nuova dalla pagina di accesso.",
				"Se non eri tu, ignora questo messaggio: il tuo account resta com’è.",
			},
			"{pool}: qualcuno si è registrato con questo numero, che ha già un account. Accedi con quello oppure, se non eri tu, ignora questo messaggio.",
		},
		AdminCreateUser: {
			"Il tuo nuovo account",
			[]string{
				"È stato creato un account per te. Accedi con questo nome utente e questa password temporanea:",
				"Nome utente: {username}",
				placeCode,
				"La password temporanea è valida per {validity}. Inseriscila solo nella pagina di accesso, dove poi ne sceglierai una tua, e non comunicarla a nessuno.",
				"Se non aspettavi un account, ignora questo messaggio.",
			},
			"{pool}: è stato creato un account per te.\nNome utente: {username}\nPassword temporanea, valida per {validity}: {####}\nNon comunicarla a nessuno.",
		},
		VerifyUserAttribute: {
			"Il tuo codice per confermare questo indirizzo e-mail",
			[]string{
				"Il tuo codice per confermare che questo indirizzo e-mail è tuo:",
				placeCode,
				"È valido per {validity}. Inseriscilo solo nella pagina in cui lo hai richiesto e non comunicarlo a nessuno.",
				"Se non lo hai richiesto, ignora questo messaggio.",
			},
			"{pool}: {####} è il tuo codice per confermare questo numero, valido per {validity}. Se non lo hai richiesto, ignora questo messaggio.\n" + domainLine,
		},
		Authentication: {
			"Il tuo codice di accesso",
			[]string{
				"Il tuo codice di accesso:",
				placeCode,
				"È valido per {validity}. Inseriscilo solo nella pagina in cui stai accedendo e non comunicarlo a nessuno, chiunque lo chieda.",
				"Se non eri tu, non usare il codice. Se hai una password, cambiala: qualcuno potrebbe conoscerla.",
			},
			"{pool}: {####} è il tuo codice di accesso, valido per {validity}. Non comunicarlo a nessuno. Se non eri tu, cambia la password.\n" + domainLine,
		},
		SignInLink: {
			"Il tuo link di accesso",
			[]string{
				"Il tuo link di accesso:",
				placeLink,
				"È valido per {validity} e funziona una sola volta. Aprilo solo nel browser in cui lo hai richiesto e non inoltrarlo a nessuno.",
				"Se non lo hai richiesto, ignora questo messaggio.",
			},
			"{pool}: il tuo link di accesso, valido per {validity}: {link}\nSe non lo hai richiesto, ignora questo messaggio.",
		},
		AccountTakeOverNotification: {
			"Accesso insolito al tuo account",
			[]string{
				"Qualcuno ha effettuato, o tentato, un accesso insolito al tuo account. {what}",
				italianDetails,
				"Se eri tu, non devi fare nulla.",
				"Se non eri tu, cambia subito la password. Apri la pagina di accesso come fai di solito: questo messaggio non contiene alcun link.",
			},
			"{pool}: accesso insolito al tuo account ({time}). {what} Se non eri tu, cambia subito la password.",
		},
		PasswordChanged: {
			"La tua password è stata modificata",
			[]string{
				"La password del tuo account è stata modificata.",
				italianDetails,
				"Se eri tu, non devi fare nulla.",
				"Se non eri tu, imposta subito una nuova password. Apri la pagina di accesso come fai di solito: questo messaggio non contiene alcun link.",
			},
			"{pool}: la tua password è stata modificata ({time}). Se non eri tu, impostane subito una nuova dalla pagina di accesso.",
		},
		AttributeChanged: {
			"I tuoi dati di contatto sono stati modificati",
			[]string{
				"{what} Questo messaggio arriva dove ti si poteva contattare prima.",
				italianDetails,
				"Se eri tu, non devi fare nulla.",
				"Se non eri tu, cambia subito la password e chiedi aiuto a chi gestisce il servizio.",
			},
			"{pool}: {what} ({time}) Se non eri tu, cambia subito la password e chiedi aiuto.",
		},
		FactorChanged: {
			"Il tuo modo di accedere è stato modificato",
			[]string{
				"{what}",
				italianDetails,
				"Se eri tu, non devi fare nulla.",
				"Se non eri tu, cambia subito la password e controlla con che cosa si può accedere al tuo account.",
			},
			"{pool}: {what} ({time}) Se non eri tu, cambia subito la password.",
		},
		Welcome: {
			"Il tuo account è stato trasferito",
			[]string{
				"Il tuo account è stato trasferito a un nuovo servizio. Accedi con lo stesso nome di prima.",
				"Se non sei stato tu ad accedere o a chiedere una nuova password poco fa, cambia la tua password.",
			},
			"{pool}: il tuo account è stato trasferito a un nuovo servizio. Accedi con lo stesso nome di prima.",
		},
	},
}
