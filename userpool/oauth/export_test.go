package oauth

import "time"

// SetBodyTimeout shortens the time that a form may take.
func (h *Handler) SetBodyTimeout(d time.Duration) { h.bodyTimeout = d }
