package message

const spanishDetails = "Hora: {time}\nLugar: {place}\nDispositivo: {device}"

var spanish = locale{
	tag:     "es",
	open:    "Iniciar sesión",
	unknown: "no se conoce",
	minutes: []string{"%d minuto", "%d minutos"},
	hours:   []string{"%d hora", "%d horas"},
	days:    []string{"%d día", "%d días"},
	what: map[string]string{
		SignInAllowed:        "Se permitió el inicio de sesión.",
		SignInChallenged:     "El inicio de sesión tuvo que confirmarse con un segundo factor.",
		SignInBlocked:        "Se rechazó el inicio de sesión.",
		EmailChanged:         "Se ha cambiado la dirección de correo electrónico de su cuenta.",
		PhoneNumberChanged:   "Se ha cambiado el número de teléfono de su cuenta.",
		AuthenticatorAdded:   "Se ha añadido una aplicación de autenticación a su cuenta.",
		AuthenticatorRemoved: "Se ha quitado una aplicación de autenticación de su cuenta.",
		PasskeyAdded:         "Se ha añadido una llave de acceso a su cuenta.",
		PasskeyRemoved:       "Se ha quitado una llave de acceso de su cuenta.",
		RecoveryCodesAdded:   "Se han creado nuevos códigos de recuperación para su cuenta. Los anteriores ya no sirven.",
		RecoveryCodesRemoved: "Se han eliminado los códigos de recuperación de su cuenta.",
		RecoveryCodeUsed:     "Se ha usado un código de recuperación para iniciar sesión en su cuenta.",
		MFAEnabled:           "Su cuenta pide ahora un segundo factor al iniciar sesión.",
		MFADisabled:          "Su cuenta ya no pide un segundo factor al iniciar sesión.",
		IdentityLinked:       "Se ha vinculado a su cuenta una cuenta de otro proveedor, con la que se puede iniciar sesión.",
		IdentityUnlinked:     "Una cuenta de otro proveedor ya no está vinculada a su cuenta.",
	},
	texts: map[string]text{
		SignUp: {
			"Su código para confirmar su dirección de correo electrónico",
			[]string{
				"Su código para confirmar su dirección de correo electrónico:",
				placeCode,
				"Es válido durante {validity}. Escríbalo solo en la página en la que se registró y no se lo diga a nadie.",
				"Si no se ha registrado, ignore este mensaje.",
			},
			"{pool}: {####} es su código para confirmar su teléfono, válido durante {validity}. No se lo diga a nadie.\n" + domainLine,
		},
		ForgotPassword: {
			"Su código para establecer una contraseña nueva",
			[]string{
				"Su código para establecer una contraseña nueva:",
				placeCode,
				"Es válido durante {validity}. Escríbalo solo en la página en la que lo pidió y no se lo diga a nadie.",
				"Si no lo ha pedido, ignore este mensaje: su contraseña sigue siendo la misma.",
			},
			"{pool}: {####} es su código para una contraseña nueva, válido durante {validity}. Si no lo pidió, ignórelo.\n" + domainLine,
		},
		AccountExists: {
			"Ya tiene una cuenta",
			[]string{
				"Alguien, probablemente usted, ha intentado registrarse con esta dirección de correo electrónico, que ya tiene una cuenta.",
				"Inicie sesión en su lugar. Si ya no sabe la contraseña, puede establecer una nueva desde la página de inicio de sesión.",
				"Si no ha sido usted, ignore este mensaje: su cuenta sigue como está.",
			},
			"{pool}: alguien se ha registrado con este teléfono, que ya tiene una cuenta. Inicie sesión o, si no fue usted, ignore este mensaje.",
		},
		AdminCreateUser: {
			"Su nueva cuenta",
			[]string{
				"Se ha creado una cuenta para usted. Inicie sesión con este nombre de usuario y esta contraseña temporal:",
				"Nombre de usuario: {username}",
				placeCode,
				"La contraseña temporal es válida durante {validity}. Escríbala solo en la página de inicio de sesión, donde después elegirá una propia, y no se la diga a nadie.",
				"Si no esperaba una cuenta, ignore este mensaje.",
			},
			"{pool}: tiene una cuenta nueva.\nUsuario: {username}\nContraseña temporal ({validity}): {####}\nNo se la diga a nadie.",
		},
		VerifyUserAttribute: {
			"Su código para confirmar esta dirección de correo electrónico",
			[]string{
				"Su código para confirmar que esta dirección de correo electrónico es suya:",
				placeCode,
				"Es válido durante {validity}. Escríbalo solo en la página en la que lo pidió y no se lo diga a nadie.",
				"Si no lo ha pedido, ignore este mensaje.",
			},
			"{pool}: {####} es su código para confirmar este teléfono, válido durante {validity}. Si no lo pidió, ignórelo.\n" + domainLine,
		},
		Authentication: {
			"Su código para iniciar sesión",
			[]string{
				"Su código para iniciar sesión:",
				placeCode,
				"Es válido durante {validity}. Escríbalo solo en la página en la que está iniciando sesión y no se lo diga a nadie, sea quien sea.",
				"Si no ha sido usted, no use el código. Si tiene una contraseña, cámbiela: puede que alguien la conozca.",
			},
			"{pool}: {####} es su código para iniciar sesión, válido durante {validity}. No se lo diga a nadie.\n" + domainLine,
		},
		SignInLink: {
			"Su enlace para iniciar sesión",
			[]string{
				"Su enlace para iniciar sesión:",
				placeLink,
				"Es válido durante {validity} y funciona una sola vez. Ábralo solo en el navegador en el que lo pidió y no se lo pase a nadie.",
				"Si no lo ha pedido, ignore este mensaje.",
			},
			"{pool}: su enlace para iniciar sesión, válido durante {validity}: {link}\nSi no lo pidió, ignórelo.",
		},
		AccountTakeOverNotification: {
			"Inicio de sesión inusual en su cuenta",
			[]string{
				"Alguien ha iniciado sesión en su cuenta, o lo ha intentado, de una forma inusual. {what}",
				spanishDetails,
				"Si ha sido usted, no tiene que hacer nada.",
				"Si no ha sido usted, cambie su contraseña de inmediato. Abra la página de inicio de sesión como siempre: este mensaje no contiene ningún enlace a ella.",
			},
			"{pool}: inicio de sesión inusual ({time}). {what} Si no ha sido usted, cambie su contraseña.",
		},
		PasswordChanged: {
			"Se ha cambiado su contraseña",
			[]string{
				"Se ha cambiado la contraseña de su cuenta.",
				spanishDetails,
				"Si ha sido usted, no tiene que hacer nada.",
				"Si no ha sido usted, establezca de inmediato una contraseña nueva. Abra la página de inicio de sesión como siempre: este mensaje no contiene ningún enlace a ella.",
			},
			"{pool}: se ha cambiado su contraseña ({time}). Si no ha sido usted, establezca una nueva de inmediato.",
		},
		AttributeChanged: {
			"Se han cambiado sus datos de contacto",
			[]string{
				"{what} Este mensaje se envía a donde se le podía localizar hasta ahora.",
				spanishDetails,
				"Si ha sido usted, no tiene que hacer nada.",
				"Si no ha sido usted, cambie su contraseña de inmediato y pida ayuda al responsable del servicio.",
			},
			"{pool}: {what} ({time}) Si no ha sido usted, cambie su contraseña y pida ayuda.",
		},
		FactorChanged: {
			"Se ha cambiado su forma de iniciar sesión",
			[]string{
				"{what}",
				spanishDetails,
				"Si ha sido usted, no tiene que hacer nada.",
				"Si no ha sido usted, cambie su contraseña de inmediato y compruebe con qué se puede iniciar sesión en su cuenta.",
			},
			"{pool}: {what} ({time}) Si no ha sido usted, cambie su contraseña.",
		},
		Welcome: {
			"Su cuenta se ha trasladado",
			[]string{
				"Su cuenta se ha trasladado a un nuevo servicio. Inicie sesión con el mismo nombre que antes.",
				"Si no ha sido usted quien acaba de iniciar sesión o de pedir una contraseña nueva, cambie su contraseña.",
			},
			"{pool}: su cuenta se ha trasladado a un nuevo servicio. Inicie sesión con el mismo nombre que antes.",
		},
	},
}
