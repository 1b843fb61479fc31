package message

// In French a no-break space stands before a colon, which an SMS had better not have: it would make it a longer one.
const frenchDetails = "Date\u00a0: {time}\nLieu\u00a0: {place}\nAppareil\u00a0: {device}"

var french = locale{
	tag:     "fr",
	open:    "Se connecter",
	unknown: "non connu",
	minutes: []string{"%d minute", "%d minutes"},
	hours:   []string{"%d heure", "%d heures"},
	days:    []string{"%d jour", "%d jours"},
	what: map[string]string{
		SignInAllowed:        "La connexion a été autorisée.",
		SignInChallenged:     "Un second facteur a été demandé pour la connexion.",
		SignInBlocked:        "La connexion a été refusée.",
		EmailChanged:         "L’adresse e-mail de votre compte a été modifiée.",
		PhoneNumberChanged:   "Le numéro de téléphone de votre compte a été modifié.",
		AuthenticatorAdded:   "Une application d’authentification a été ajoutée à votre compte.",
		AuthenticatorRemoved: "Une application d’authentification a été retirée de votre compte.",
		PasskeyAdded:         "Une clé d’accès a été ajoutée à votre compte.",
		PasskeyRemoved:       "Une clé d’accès a été retirée de votre compte.",
		RecoveryCodesAdded:   "De nouveaux codes de récupération ont été créés pour votre compte. Les précédents ne sont plus valables.",
		RecoveryCodesRemoved: "Les codes de récupération de votre compte ont été supprimés.",
		RecoveryCodeUsed:     "Un code de récupération a été utilisé pour se connecter à votre compte.",
		MFAEnabled:           "Votre compte demande désormais un second facteur à la connexion.",
		MFADisabled:          "Votre compte ne demande plus de second facteur à la connexion.",
		IdentityLinked:       "Un compte chez un autre fournisseur a été associé à votre compte et permet de s’y connecter.",
		IdentityUnlinked:     "Un compte chez un autre fournisseur n’est plus associé à votre compte.",
	},
	texts: map[string]text{
		SignUp: {
			"Votre code pour confirmer votre adresse e-mail",
			[]string{
				"Votre code pour confirmer votre adresse e-mail\u00a0:",
				placeCode,
				"Il est valable {validity}. Saisissez-le uniquement sur la page d’inscription et ne le communiquez à personne.",
				"Si vous n’êtes pas à l’origine de cette inscription, ignorez ce message.",
			},
			"{pool} : {####} est votre code pour confirmer votre numéro de téléphone, valable {validity}. Ne le communiquez à personne.\n" + domainLine,
		},
		ForgotPassword: {
			"Votre code pour définir un nouveau mot de passe",
			[]string{
				"Votre code pour définir un nouveau mot de passe\u00a0:",
				placeCode,
				"Il est valable {validity}. Saisissez-le uniquement sur la page où vous l’avez demandé et ne le communiquez à personne.",
				"Si vous ne l’avez pas demandé, ignorez ce message\u00a0: votre mot de passe reste inchangé.",
			},
			"{pool} : {####} est votre code pour définir un nouveau mot de passe, valable {validity}. Si vous ne l'avez pas demandé, ignorez ce message.\n" + domainLine,
		},
		AccountExists: {
			"Vous avez déjà un compte",
			[]string{
				"Quelqu’un, probablement vous, a tenté de s’inscrire avec cette adresse e-mail, qui a déjà un compte.",
				"Connectez-vous plutôt. Si vous ne connaissez plus le mot de passe, vous pouvez en définir un nouveau depuis la page de connexion.",
				"Si ce n’était pas vous, ignorez ce message\u00a0: votre compte reste inchangé.",
			},
			"{pool} : quelqu'un a tenté de s'inscrire avec ce numéro, qui a déjà un compte. Connectez-vous, ou ignorez ce message si ce n'était pas vous.",
		},
		AdminCreateUser: {
			"Votre nouveau compte",
			[]string{
				"Un compte a été créé pour vous. Connectez-vous avec ce nom d’utilisateur et ce mot de passe temporaire\u00a0:",
				"Nom d’utilisateur\u00a0: {username}",
				placeCode,
				"Le mot de passe temporaire est valable {validity}. Saisissez-le uniquement sur la page de connexion, où vous choisirez ensuite le vôtre, et ne le communiquez à personne.",
				"Si vous n’attendiez pas de compte, ignorez ce message.",
			},
			"{pool} : un compte a été créé pour vous.\nNom d'utilisateur : {username}\nMot de passe temporaire, valable {validity} : {####}\nNe le communiquez à personne.",
		},
		VerifyUserAttribute: {
			"Votre code pour confirmer cette adresse e-mail",
			[]string{
				"Votre code pour confirmer que cette adresse e-mail est la vôtre\u00a0:",
				placeCode,
				"Il est valable {validity}. Saisissez-le uniquement sur la page où vous l’avez demandé et ne le communiquez à personne.",
				"Si vous ne l’avez pas demandé, ignorez ce message.",
			},
			"{pool} : {####} est votre code pour confirmer ce numéro de téléphone, valable {validity}. Si vous ne l'avez pas demandé, ignorez ce message.\n" + domainLine,
		},
		Authentication: {
			"Votre code de connexion",
			[]string{
				"Votre code de connexion\u00a0:",
				placeCode,
				"Il est valable {validity}. Saisissez-le uniquement sur la page où vous êtes en train de vous connecter et ne le communiquez à personne, qui que ce soit qui le demande.",
				"Si ce n’était pas vous, n’utilisez pas le code. Si vous avez un mot de passe, changez-le\u00a0: quelqu’un le connaît peut-être.",
			},
			"{pool} : {####} est votre code de connexion, valable {validity}. Ne le communiquez à personne. Si ce n'était pas vous, changez votre mot de passe.\n" + domainLine,
		},
		SignInLink: {
			"Votre lien de connexion",
			[]string{
				"Votre lien de connexion\u00a0:",
				placeLink,
				"Il est valable {validity} et ne fonctionne qu’une fois. Ouvrez-le uniquement dans le navigateur où vous l’avez demandé et ne le transmettez à personne.",
				"Si vous ne l’avez pas demandé, ignorez ce message.",
			},
			"{pool} : votre lien de connexion, valable {validity} : {link}\nSi vous ne l'avez pas demandé, ignorez ce message.",
		},
		AccountTakeOverNotification: {
			"Connexion inhabituelle à votre compte",
			[]string{
				"Quelqu’un s’est connecté à votre compte, ou a tenté de le faire, d’une manière inhabituelle. {what}",
				frenchDetails,
				"Si c’était vous, vous n’avez rien à faire.",
				"Si ce n’était pas vous, changez immédiatement votre mot de passe. Ouvrez la page de connexion comme d’habitude\u00a0: ce message ne contient aucun lien vers elle.",
			},
			"{pool} : connexion inhabituelle à votre compte ({time}). {what} Si ce n'était pas vous, changez votre mot de passe.",
		},
		PasswordChanged: {
			"Votre mot de passe a été modifié",
			[]string{
				"Le mot de passe de votre compte a été modifié.",
				frenchDetails,
				"Si c’était vous, vous n’avez rien à faire.",
				"Si ce n’était pas vous, définissez immédiatement un nouveau mot de passe. Ouvrez la page de connexion comme d’habitude\u00a0: ce message ne contient aucun lien vers elle.",
			},
			"{pool} : votre mot de passe a été modifié ({time}). Si ce n'était pas vous, définissez-en un nouveau depuis la page de connexion.",
		},
		AttributeChanged: {
			"Vos coordonnées ont été modifiées",
			[]string{
				"{what} Ce message est envoyé là où l’on pouvait vous joindre auparavant.",
				frenchDetails,
				"Si c’était vous, vous n’avez rien à faire.",
				"Si ce n’était pas vous, changez immédiatement votre mot de passe et demandez de l’aide à l’exploitant du service.",
			},
			"{pool} : {what} ({time}) Si ce n'était pas vous, changez votre mot de passe et demandez de l'aide.",
		},
		FactorChanged: {
			"Votre mode de connexion a été modifié",
			[]string{
				"{what}",
				frenchDetails,
				"Si c’était vous, vous n’avez rien à faire.",
				"Si ce n’était pas vous, changez immédiatement votre mot de passe et vérifiez par quels moyens on peut se connecter à votre compte.",
			},
			"{pool} : {what} ({time}) Si ce n'était pas vous, changez votre mot de passe.",
		},
		Welcome: {
			"Votre compte a été transféré",
			[]string{
				"Votre compte a été transféré vers un nouveau service. Vous vous connectez avec le même nom qu’auparavant.",
				"Si ce n’est pas vous qui venez de vous connecter ou de demander un nouveau mot de passe, modifiez votre mot de passe.",
			},
			"{pool} : votre compte a été transféré vers un nouveau service. Vous vous connectez avec le même nom qu'auparavant.",
		},
	},
}
