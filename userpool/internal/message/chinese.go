package message

const chineseDetails = "时间：{time}\n地点：{place}\n设备：{device}"

var chinese = locale{
	tag:     "zh-Hans",
	open:    "登录",
	unknown: "未知",
	minutes: []string{"%d 分钟"},
	hours:   []string{"%d 小时"},
	days:    []string{"%d 天"},
	what: map[string]string{
		SignInAllowed:        "该登录已被允许。",
		SignInChallenged:     "该登录需要用第二重验证方式确认。",
		SignInBlocked:        "该登录已被拒绝。",
		EmailChanged:         "您账户的电子邮箱地址已更改。",
		PhoneNumberChanged:   "您账户的手机号码已更改。",
		AuthenticatorAdded:   "您的账户已添加一个身份验证器应用。",
		AuthenticatorRemoved: "您的账户已移除一个身份验证器应用。",
		PasskeyAdded:         "您的账户已添加一个通行密钥。",
		PasskeyRemoved:       "您的账户已移除一个通行密钥。",
		RecoveryCodesAdded:   "您的账户已生成新的恢复代码，之前的代码不再有效。",
		RecoveryCodesRemoved: "您账户的恢复代码已移除。",
		RecoveryCodeUsed:     "有人使用恢复代码登录了您的账户。",
		MFAEnabled:           "您的账户登录时现在需要第二重验证。",
		MFADisabled:          "您的账户登录时不再需要第二重验证。",
		IdentityLinked:       "您的账户已关联其他服务商的账户，可用其登录。",
		IdentityUnlinked:     "您的账户已不再关联其他服务商的账户。",
	},
	texts: map[string]text{
		SignUp: {
			"用于确认电子邮箱地址的验证码",
			[]string{
				"您用于确认电子邮箱地址的验证码：",
				placeCode,
				"验证码在 {validity}内有效。请仅在您注册的页面上输入，不要告诉任何人。",
				"如果您没有注册，请忽略此消息。",
			},
			"{pool}: {####} 是您用于确认手机号码的验证码，{validity}内有效。请勿告诉任何人。\n" + domainLine,
		},
		ForgotPassword: {
			"用于设置新密码的验证码",
			[]string{
				"您用于设置新密码的验证码：",
				placeCode,
				"验证码在 {validity}内有效。请仅在您申请验证码的页面上输入，不要告诉任何人。",
				"如果您没有申请，请忽略此消息：您的密码保持不变。",
			},
			"{pool}: {####} 是您用于设置新密码的验证码，{validity}内有效。如果您没有申请，请忽略此消息。\n" + domainLine,
		},
		AccountExists: {
			"您已有账户",
			[]string{
				"有人（很可能是您本人）尝试用此电子邮箱地址注册，但该地址已有账户。",
				"请直接登录。如果您忘记了密码，可以在登录页面上设置新密码。",
				"如果不是您本人操作，请忽略此消息：您的账户保持不变。",
			},
			"{pool}: 有人尝试用此手机号码注册，但该号码已有账户。请直接登录；如果不是您本人操作，请忽略此消息。",
		},
		AdminCreateUser: {
			"您的新账户",
			[]string{
				"已为您创建账户。请使用以下用户名和临时密码登录：",
				"用户名：{username}",
				placeCode,
				"临时密码在 {validity}内有效。请仅在登录页面上输入，随后设置您自己的密码，不要告诉任何人。",
				"如果您并未预期获得账户，请忽略此消息。",
			},
			"{pool}: 已为您创建账户。\n用户名: {username}\n临时密码（{validity}内有效）: {####}\n请勿告诉任何人。",
		},
		VerifyUserAttribute: {
			"用于确认此电子邮箱地址的验证码",
			[]string{
				"您用于确认此电子邮箱地址归您所有的验证码：",
				placeCode,
				"验证码在 {validity}内有效。请仅在您申请验证码的页面上输入，不要告诉任何人。",
				"如果您没有申请，请忽略此消息。",
			},
			"{pool}: {####} 是您用于确认此手机号码的验证码，{validity}内有效。如果您没有申请，请忽略此消息。\n" + domainLine,
		},
		Authentication: {
			"您的登录验证码",
			[]string{
				"您的登录验证码：",
				placeCode,
				"验证码在 {validity}内有效。请仅在您正在登录的页面上输入，无论谁索要都不要告诉。",
				"如果不是您本人操作，请勿使用该验证码。如果您设有密码，请更改密码：可能已有人知道它。",
			},
			"{pool}: {####} 是您的登录验证码，{validity}内有效。请勿告诉任何人。如果不是您本人操作，请更改密码。\n" + domainLine,
		},
		SignInLink: {
			"您的登录链接",
			[]string{
				"您的登录链接：",
				placeLink,
				"链接在 {validity}内有效，且只能使用一次。请仅在您申请链接的浏览器中打开，不要转发给任何人。",
				"如果您没有申请，请忽略此消息。",
			},
			"{pool}: 您的登录链接（{validity}内有效）: {link}\n如果您没有申请，请忽略此消息。",
		},
		AccountTakeOverNotification: {
			"您的账户有异常登录",
			[]string{
				"有人以异常方式登录或尝试登录您的账户。{what}",
				chineseDetails,
				"如果是您本人操作，则无需处理。",
				"如果不是您本人操作，请立即更改密码。请按平常的方式打开登录页面：此消息不含登录页面的链接。",
			},
			"{pool}: 您的账户有异常登录（{time}）。{what}如果不是您本人操作，请立即更改密码。",
		},
		PasswordChanged: {
			"您的密码已更改",
			[]string{
				"您账户的密码已更改。",
				chineseDetails,
				"如果是您本人操作，则无需处理。",
				"如果不是您本人操作，请立即设置新密码。请按平常的方式打开登录页面：此消息不含登录页面的链接。",
			},
			"{pool}: 您的密码已更改（{time}）。如果不是您本人操作，请立即在登录页面上设置新密码。",
		},
		AttributeChanged: {
			"您的联系方式已更改",
			[]string{
				"{what}此消息发送到您更改前的联系方式。",
				chineseDetails,
				"如果是您本人操作，则无需处理。",
				"如果不是您本人操作，请立即更改密码，并向服务的运营者求助。",
			},
			"{pool}: {what}（{time}）如果不是您本人操作，请立即更改密码并求助。",
		},
		FactorChanged: {
			"您的登录方式已更改",
			[]string{
				"{what}",
				chineseDetails,
				"如果是您本人操作，则无需处理。",
				"如果不是您本人操作，请立即更改密码，并检查可以用什么方式登录您的账户。",
			},
			"{pool}: {what}（{time}）如果不是您本人操作，请立即更改密码。",
		},
		Welcome: {
			"您的账户已迁移",
			[]string{
				"您的账户已迁移到新的服务。请使用与之前相同的名称登录。",
				"如果刚才登录或申请新密码的不是您本人，请更改密码。",
			},
			"{pool}: 您的账户已迁移到新的服务。请使用与之前相同的名称登录。",
		},
	},
}
