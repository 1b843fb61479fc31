package message

const portugueseDetails = "Hora: {time}\nLocal: {place}\nDispositivo: {device}"

var portuguese = locale{
	tag:     "pt",
	open:    "Entrar",
	unknown: "não se sabe",
	minutes: []string{"%d minuto", "%d minutos"},
	hours:   []string{"%d hora", "%d horas"},
	days:    []string{"%d dia", "%d dias"},
	what: map[string]string{
		SignInAllowed:        "A entrada foi permitida.",
		SignInChallenged:     "A entrada teve de ser confirmada com um segundo fator.",
		SignInBlocked:        "A entrada foi recusada.",
		EmailChanged:         "O endereço de e-mail da sua conta foi alterado.",
		PhoneNumberChanged:   "O número de telefone da sua conta foi alterado.",
		AuthenticatorAdded:   "Um aplicativo autenticador foi adicionado à sua conta.",
		AuthenticatorRemoved: "Um aplicativo autenticador foi removido da sua conta.",
		PasskeyAdded:         "Uma chave de acesso foi adicionada à sua conta.",
		PasskeyRemoved:       "Uma chave de acesso foi removida da sua conta.",
		RecoveryCodesAdded:   "Novos códigos de recuperação foram criados para a sua conta. Os anteriores já não são válidos.",
		RecoveryCodesRemoved: "Os códigos de recuperação da sua conta foram removidos.",
		RecoveryCodeUsed:     "Um código de recuperação foi usado para entrar na sua conta.",
		MFAEnabled:           "A sua conta agora pede um segundo fator na entrada.",
		MFADisabled:          "A sua conta já não pede um segundo fator na entrada.",
		IdentityLinked:       "Uma conta em outro provedor foi vinculada à sua conta e pode ser usada para entrar.",
		IdentityUnlinked:     "Uma conta em outro provedor já não está vinculada à sua conta.",
	},
	texts: map[string]text{
		SignUp: {
			"Seu código para confirmar o seu endereço de e-mail",
			[]string{
				"Seu código para confirmar o seu endereço de e-mail:",
				placeCode,
				"Ele é válido por {validity}. Digite-o somente na página em que você se cadastrou e não o informe a ninguém.",
				"Se você não se cadastrou, ignore esta mensagem.",
			},
			"{pool}: {####} é o seu código para confirmar o seu telefone, válido por {validity}. Não o informe a ninguém.\n" + domainLine,
		},
		ForgotPassword: {
			"Seu código para definir uma nova senha",
			[]string{
				"Seu código para definir uma nova senha:",
				placeCode,
				"Ele é válido por {validity}. Digite-o somente na página em que você o pediu e não o informe a ninguém.",
				"Se você não o pediu, ignore esta mensagem: a sua senha continua a mesma.",
			},
			"{pool}: {####} é o seu código para uma nova senha, válido por {validity}. Se não o pediu, ignore-o.\n" + domainLine,
		},
		AccountExists: {
			"Você já tem uma conta",
			[]string{
				"Alguém, provavelmente você, tentou se cadastrar com este endereço de e-mail, que já tem uma conta.",
				"Entre nessa conta. Se você não sabe mais a senha, pode definir uma nova na página de entrada.",
				"Se não foi você, ignore esta mensagem: a sua conta continua como está.",
			},
			"{pool}: alguém se cadastrou com este número, que já tem uma conta. Entre nessa conta ou, se não foi você, ignore esta mensagem.",
		},
		AdminCreateUser: {
			"Sua nova conta",
			[]string{
				"Uma conta foi criada para você. Entre com este nome de usuário e esta senha temporária:",
				"Nome de usuário: {username}",
				placeCode,
				"A senha temporária é válida por {validity}. Digite-a somente na página de entrada, onde depois você escolherá a sua própria, e não a informe a ninguém.",
				"Se você não esperava uma conta, ignore esta mensagem.",
			},
			"{pool}: você tem uma nova conta.\nUsuário: {username}\nSenha temporária ({validity}): {####}\nNão a informe a ninguém.",
		},
		VerifyUserAttribute: {
			"Seu código para confirmar este endereço de e-mail",
			[]string{
				"Seu código para confirmar que este endereço de e-mail é seu:",
				placeCode,
				"Ele é válido por {validity}. Digite-o somente na página em que você o pediu e não o informe a ninguém.",
				"Se você não o pediu, ignore esta mensagem.",
			},
			"{pool}: {####} é o seu código para confirmar este telefone, válido por {validity}. Se não o pediu, ignore-o.\n" + domainLine,
		},
		Authentication: {
			"Seu código para entrar",
			[]string{
				"Seu código para entrar:",
				placeCode,
				"Ele é válido por {validity}. Digite-o somente na página em que você está entrando e não o informe a ninguém, seja quem for.",
				"Se não foi você, não use o código. Se você tem uma senha, troque-a: alguém pode conhecê-la.",
			},
			"{pool}: {####} é o seu código para entrar, válido por {validity}. Não o informe a ninguém.\n" + domainLine,
		},
		SignInLink: {
			"Seu link para entrar",
			[]string{
				"Seu link para entrar:",
				placeLink,
				"Ele é válido por {validity} e funciona uma única vez. Abra-o somente no navegador em que você o pediu e não o passe a ninguém.",
				"Se você não o pediu, ignore esta mensagem.",
			},
			"{pool}: seu link para entrar, válido por {validity}: {link}\nSe não o pediu, ignore-o.",
		},
		AccountTakeOverNotification: {
			"Entrada incomum na sua conta",
			[]string{
				"Alguém entrou na sua conta, ou tentou entrar, de uma forma incomum. {what}",
				portugueseDetails,
				"Se foi você, não precisa fazer nada.",
				"Se não foi você, troque a sua senha imediatamente. Abra a página de entrada como sempre faz: esta mensagem não contém nenhum link para ela.",
			},
			"{pool}: entrada incomum na sua conta ({time}). {what} Se não foi você, troque a sua senha.",
		},
		PasswordChanged: {
			"Sua senha foi alterada",
			[]string{
				"A senha da sua conta foi alterada.",
				portugueseDetails,
				"Se foi você, não precisa fazer nada.",
				"Se não foi você, defina uma nova senha imediatamente. Abra a página de entrada como sempre faz: esta mensagem não contém nenhum link para ela.",
			},
			"{pool}: a sua senha foi alterada ({time}). Se não foi você, defina uma nova na página de entrada.",
		},
		AttributeChanged: {
			"Seus dados de contato foram alterados",
			[]string{
				"{what} Esta mensagem vai para onde era possível contatar você até agora.",
				portugueseDetails,
				"Se foi você, não precisa fazer nada.",
				"Se não foi você, troque a sua senha imediatamente e peça ajuda a quem opera o serviço.",
			},
			"{pool}: {what} ({time}) Se não foi você, troque a sua senha e peça ajuda.",
		},
		FactorChanged: {
			"Sua forma de entrar foi alterada",
			[]string{
				"{what}",
				portugueseDetails,
				"Se foi você, não precisa fazer nada.",
				"Se não foi você, troque a sua senha imediatamente e verifique com que se pode entrar na sua conta.",
			},
			"{pool}: {what} ({time}) Se não foi você, troque a sua senha.",
		},
		Welcome: {
			"Sua conta foi transferida",
			[]string{
				"A sua conta foi transferida para um novo serviço. Entre com o mesmo nome de antes.",
				"Se não foi você quem acabou de entrar ou de pedir uma nova senha, altere a sua senha.",
			},
			"{pool}: a sua conta foi transferida para um novo serviço. Entre com o mesmo nome de antes.",
		},
	},
}
