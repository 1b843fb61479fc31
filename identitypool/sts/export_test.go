package sts

// AnswerOf tells how an error is answered.
func AnswerOf(err error) (name string, status int, ok bool) {
	fault := translate(err)
	if fault == nil {
		return "", 0, false
	}
	return fault.Code, fault.Status, true
}
