package message

const polishDetails = "Czas: {time}\nMiejsce: {place}\nUrządzenie: {device}"

// The texts avoid verbs whose form depends on whether a woman or a man is meant. Validity follows "przez", in the accusative.
var polish = locale{
	tag:     "pl",
	open:    "Zaloguj się",
	unknown: "brak danych",
	minutes: []string{"%d minutę", "%d minuty", "%d minut"},
	hours:   []string{"%d godzinę", "%d godziny", "%d godzin"},
	days:    []string{"%d dzień", "%d dni", "%d dni"},
	plural:  polishPlural,
	what: map[string]string{
		SignInAllowed:        "Logowanie zostało dopuszczone.",
		SignInChallenged:     "Do logowania wymagano drugiego składnika.",
		SignInBlocked:        "Logowanie zostało odrzucone.",
		EmailChanged:         "Adres e-mail Twojego konta został zmieniony.",
		PhoneNumberChanged:   "Numer telefonu Twojego konta został zmieniony.",
		AuthenticatorAdded:   "Do Twojego konta dodano aplikację uwierzytelniającą.",
		AuthenticatorRemoved: "Z Twojego konta usunięto aplikację uwierzytelniającą.",
		PasskeyAdded:         "Do Twojego konta dodano klucz dostępu.",
		PasskeyRemoved:       "Z Twojego konta usunięto klucz dostępu.",
		RecoveryCodesAdded:   "Dla Twojego konta utworzono nowe kody odzyskiwania. Wcześniejsze nie są już ważne.",
		RecoveryCodesRemoved: "Kody odzyskiwania Twojego konta zostały usunięte.",
		RecoveryCodeUsed:     "Do zalogowania się na Twoje konto użyto kodu odzyskiwania.",
		MFAEnabled:           "Logowanie na Twoje konto wymaga teraz drugiego składnika.",
		MFADisabled:          "Logowanie na Twoje konto nie wymaga już drugiego składnika.",
		IdentityLinked:       "Z Twoim kontem połączono konto u innego dostawcy, którego można używać do logowania.",
		IdentityUnlinked:     "Konto u innego dostawcy nie jest już połączone z Twoim kontem.",
	},
	texts: map[string]text{
		SignUp: {
			"Twój kod do potwierdzenia adresu e-mail",
			[]string{
				"Twój kod do potwierdzenia adresu e-mail:",
				placeCode,
				"Kod jest ważny przez {validity}. Wpisz go tylko na stronie rejestracji i nie podawaj go nikomu.",
				"Jeśli to nie była Twoja rejestracja, zignoruj tę wiadomość.",
			},
			"{pool}: {####} to Twój kod do potwierdzenia numeru telefonu, ważny przez {validity}. Nie podawaj go nikomu.\n" + domainLine,
		},
		ForgotPassword: {
			"Twój kod do ustawienia nowego hasła",
			[]string{
				"Twój kod do ustawienia nowego hasła:",
				placeCode,
				"Kod jest ważny przez {validity}. Wpisz go tylko na stronie, na której trwa zmiana hasła, i nie podawaj go nikomu.",
				"Jeśli prośba o kod nie pochodzi od Ciebie, zignoruj tę wiadomość: Twoje hasło pozostaje bez zmian.",
			},
			"{pool}: {####} to Twój kod do ustawienia nowego hasła, ważny przez {validity}. Jeśli to nie Ty, zignoruj go.\n" + domainLine,
		},
		AccountExists: {
			"Masz już konto",
			[]string{
				"Ktoś, prawdopodobnie Ty, próbował zarejestrować się z tym adresem e-mail, do którego jest już przypisane konto.",
				"Zamiast tego zaloguj się. Jeśli nie pamiętasz hasła, możesz ustawić nowe na stronie logowania.",
				"Jeśli to nie Ty, zignoruj tę wiadomość: Twoje konto pozostaje bez zmian.",
			},
			"{pool}: ktoś próbował zarejestrować się z tym numerem, który ma już konto. Zaloguj się, a jeśli to nie Ty, zignoruj tę wiadomość.",
		},
		AdminCreateUser: {
			"Twoje nowe konto",
			[]string{
				"Utworzono dla Ciebie konto. Zaloguj się, podając tę nazwę użytkownika i to hasło tymczasowe:",
				"Nazwa użytkownika: {username}",
				placeCode,
				"Hasło tymczasowe jest ważne przez {validity}. Wpisz je tylko na stronie logowania, gdzie następnie ustawisz własne, i nie podawaj go nikomu.",
				"Jeśli to konto nie było oczekiwane, zignoruj tę wiadomość.",
			},
			"{pool}: utworzono dla Ciebie konto.\nUżytkownik: {username}\nHasło tymczasowe, ważne przez {validity}: {####}\nNie podawaj go nikomu.",
		},
		VerifyUserAttribute: {
			"Twój kod do potwierdzenia tego adresu e-mail",
			[]string{
				"Twój kod do potwierdzenia, że ten adres e-mail należy do Ciebie:",
				placeCode,
				"Kod jest ważny przez {validity}. Wpisz go tylko na stronie, na której trwa potwierdzanie adresu, i nie podawaj go nikomu.",
				"Jeśli prośba o kod nie pochodzi od Ciebie, zignoruj tę wiadomość.",
			},
			"{pool}: {####} to Twój kod do potwierdzenia tego numeru, ważny przez {validity}. Jeśli to nie Ty, zignoruj go.\n" + domainLine,
		},
		Authentication: {
			"Twój kod do logowania",
			[]string{
				"Twój kod do logowania:",
				placeCode,
				"Kod jest ważny przez {validity}. Wpisz go tylko na stronie, na której właśnie się logujesz, i nie podawaj go nikomu, kto o niego prosi.",
				"Jeśli to nie Ty, nie używaj kodu. Jeśli masz hasło, zmień je: ktoś może je znać.",
			},
			"{pool}: {####} to Twój kod do logowania, ważny przez {validity}. Nie podawaj go nikomu.\n" + domainLine,
		},
		SignInLink: {
			"Twój link do logowania",
			[]string{
				"Twój link do logowania:",
				placeLink,
				"Link jest ważny przez {validity} i działa jeden raz. Otwórz go tylko w przeglądarce, z której pochodzi prośba o link, i nie przekazuj go nikomu.",
				"Jeśli prośba o link nie pochodzi od Ciebie, zignoruj tę wiadomość.",
			},
			"{pool}: Twój link do logowania, ważny przez {validity}: {link}\nJeśli to nie Ty, zignoruj go.",
		},
		AccountTakeOverNotification: {
			"Nietypowe logowanie na Twoje konto",
			[]string{
				"Ktoś w nietypowy sposób zalogował się na Twoje konto lub próbował to zrobić. {what}",
				polishDetails,
				"Jeśli to Ty, nie musisz nic robić.",
				"Jeśli to nie Ty, natychmiast zmień hasło. Otwórz stronę logowania tak jak zwykle: ta wiadomość nie zawiera do niej linku.",
			},
			"{pool}: nietypowe logowanie ({time}). {what} Jeśli to nie Ty, zmień hasło.",
		},
		PasswordChanged: {
			"Twoje hasło zostało zmienione",
			[]string{
				"Hasło Twojego konta zostało zmienione.",
				polishDetails,
				"Jeśli to Ty, nie musisz nic robić.",
				"Jeśli to nie Ty, natychmiast ustaw nowe hasło. Otwórz stronę logowania tak jak zwykle: ta wiadomość nie zawiera do niej linku.",
			},
			"{pool}: Twoje hasło zostało zmienione ({time}). Jeśli to nie Ty, natychmiast ustaw nowe na stronie logowania.",
		},
		AttributeChanged: {
			"Twoje dane kontaktowe zostały zmienione",
			[]string{
				"{what} Tę wiadomość wysyłamy na dotychczasowe dane kontaktowe.",
				polishDetails,
				"Jeśli to Ty, nie musisz nic robić.",
				"Jeśli to nie Ty, natychmiast zmień hasło i poproś o pomoc operatora usługi.",
			},
			"{pool}: {what} ({time}) Jeśli to nie Ty, zmień hasło i poproś o pomoc.",
		},
		FactorChanged: {
			"Twój sposób logowania został zmieniony",
			[]string{
				"{what}",
				polishDetails,
				"Jeśli to Ty, nie musisz nic robić.",
				"Jeśli to nie Ty, natychmiast zmień hasło i sprawdź, czym można zalogować się na Twoje konto.",
			},
			"{pool}: {what} ({time}) Jeśli to nie Ty, natychmiast zmień hasło.",
		},
		Welcome: {
			"Twoje konto zostało przeniesione",
			[]string{
				"Twoje konto zostało przeniesione do nowego serwisu. Logujesz się tą samą nazwą co dotychczas.",
				"Jeśli przed chwilą ktoś inny zalogował się na to konto lub poprosił o nowe hasło, zmień hasło.",
			},
			"{pool}: Twoje konto zostało przeniesione do nowego serwisu. Logujesz się tą samą nazwą co dotychczas.",
		},
	},
}

// polishPlural follows the plural rules of CLDR: one, few, many.
func polishPlural(n int64) int {
	switch {
	case n == 1:
		return 0
	case n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14):
		return 1
	}
	return 2
}
