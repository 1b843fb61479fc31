package mapping

import "github.com/stepwell/stepwell/federation"

// The optional methods that a wrapped provider may have: a bit for each.
const (
	offersSessions = 1 << iota
	offersLogouts
	offersReceives
	offersHints
	offersUnsolicited
)

// offered has a type for each set of optional methods. A method that a type has
// is one that it promises, so a single type with all of them would promise what
// the wrapped provider cannot do.
var offered = [32]func(m mapped, s sessions, l logouts, r receives, h hints, u unsolicited) federation.Provider{
	0: func(m mapped, _ sessions, _ logouts, _ receives, _ hints, _ unsolicited) federation.Provider {
		return m
	},
	offersSessions: func(m mapped, s sessions, _ logouts, _ receives, _ hints, _ unsolicited) federation.Provider {
		return struct {
			mapped
			sessions
		}{m, s}
	},
	offersLogouts: func(m mapped, _ sessions, l logouts, _ receives, _ hints, _ unsolicited) federation.Provider {
		return struct {
			mapped
			logouts
		}{m, l}
	},
	offersSessions | offersLogouts: func(m mapped, s sessions, l logouts, _ receives, _ hints, _ unsolicited) federation.Provider {
		return struct {
			mapped
			sessions
			logouts
		}{m, s, l}
	},
	offersReceives: func(m mapped, _ sessions, _ logouts, r receives, _ hints, _ unsolicited) federation.Provider {
		return struct {
			mapped
			receives
		}{m, r}
	},
	offersSessions | offersReceives: func(m mapped, s sessions, _ logouts, r receives, _ hints, _ unsolicited) federation.Provider {
		return struct {
			mapped
			sessions
			receives
		}{m, s, r}
	},
	offersLogouts | offersReceives: func(m mapped, _ sessions, l logouts, r receives, _ hints, _ unsolicited) federation.Provider {
		return struct {
			mapped
			logouts
			receives
		}{m, l, r}
	},
	offersSessions | offersLogouts | offersReceives: func(m mapped, s sessions, l logouts, r receives, _ hints, _ unsolicited) federation.Provider {
		return struct {
			mapped
			sessions
			logouts
			receives
		}{m, s, l, r}
	},
	offersHints: func(m mapped, _ sessions, _ logouts, _ receives, h hints, _ unsolicited) federation.Provider {
		return struct {
			mapped
			hints
		}{m, h}
	},
	offersSessions | offersHints: func(m mapped, s sessions, _ logouts, _ receives, h hints, _ unsolicited) federation.Provider {
		return struct {
			mapped
			sessions
			hints
		}{m, s, h}
	},
	offersLogouts | offersHints: func(m mapped, _ sessions, l logouts, _ receives, h hints, _ unsolicited) federation.Provider {
		return struct {
			mapped
			logouts
			hints
		}{m, l, h}
	},
	offersSessions | offersLogouts | offersHints: func(m mapped, s sessions, l logouts, _ receives, h hints, _ unsolicited) federation.Provider {
		return struct {
			mapped
			sessions
			logouts
			hints
		}{m, s, l, h}
	},
	offersReceives | offersHints: func(m mapped, _ sessions, _ logouts, r receives, h hints, _ unsolicited) federation.Provider {
		return struct {
			mapped
			receives
			hints
		}{m, r, h}
	},
	offersSessions | offersReceives | offersHints: func(m mapped, s sessions, _ logouts, r receives, h hints, _ unsolicited) federation.Provider {
		return struct {
			mapped
			sessions
			receives
			hints
		}{m, s, r, h}
	},
	offersLogouts | offersReceives | offersHints: func(m mapped, _ sessions, l logouts, r receives, h hints, _ unsolicited) federation.Provider {
		return struct {
			mapped
			logouts
			receives
			hints
		}{m, l, r, h}
	},
	offersSessions | offersLogouts | offersReceives | offersHints: func(m mapped, s sessions, l logouts, r receives, h hints, _ unsolicited) federation.Provider {
		return struct {
			mapped
			sessions
			logouts
			receives
			hints
		}{m, s, l, r, h}
	},
	offersUnsolicited: func(m mapped, _ sessions, _ logouts, _ receives, _ hints, u unsolicited) federation.Provider {
		return struct {
			mapped
			unsolicited
		}{m, u}
	},
	offersSessions | offersUnsolicited: func(m mapped, s sessions, _ logouts, _ receives, _ hints, u unsolicited) federation.Provider {
		return struct {
			mapped
			sessions
			unsolicited
		}{m, s, u}
	},
	offersLogouts | offersUnsolicited: func(m mapped, _ sessions, l logouts, _ receives, _ hints, u unsolicited) federation.Provider {
		return struct {
			mapped
			logouts
			unsolicited
		}{m, l, u}
	},
	offersSessions | offersLogouts | offersUnsolicited: func(m mapped, s sessions, l logouts, _ receives, _ hints, u unsolicited) federation.Provider {
		return struct {
			mapped
			sessions
			logouts
			unsolicited
		}{m, s, l, u}
	},
	offersReceives | offersUnsolicited: func(m mapped, _ sessions, _ logouts, r receives, _ hints, u unsolicited) federation.Provider {
		return struct {
			mapped
			receives
			unsolicited
		}{m, r, u}
	},
	offersSessions | offersReceives | offersUnsolicited: func(m mapped, s sessions, _ logouts, r receives, _ hints, u unsolicited) federation.Provider {
		return struct {
			mapped
			sessions
			receives
			unsolicited
		}{m, s, r, u}
	},
	offersLogouts | offersReceives | offersUnsolicited: func(m mapped, _ sessions, l logouts, r receives, _ hints, u unsolicited) federation.Provider {
		return struct {
			mapped
			logouts
			receives
			unsolicited
		}{m, l, r, u}
	},
	offersSessions | offersLogouts | offersReceives | offersUnsolicited: func(m mapped, s sessions, l logouts, r receives, _ hints, u unsolicited) federation.Provider {
		return struct {
			mapped
			sessions
			logouts
			receives
			unsolicited
		}{m, s, l, r, u}
	},
	offersHints | offersUnsolicited: func(m mapped, _ sessions, _ logouts, _ receives, h hints, u unsolicited) federation.Provider {
		return struct {
			mapped
			hints
			unsolicited
		}{m, h, u}
	},
	offersSessions | offersHints | offersUnsolicited: func(m mapped, s sessions, _ logouts, _ receives, h hints, u unsolicited) federation.Provider {
		return struct {
			mapped
			sessions
			hints
			unsolicited
		}{m, s, h, u}
	},
	offersLogouts | offersHints | offersUnsolicited: func(m mapped, _ sessions, l logouts, _ receives, h hints, u unsolicited) federation.Provider {
		return struct {
			mapped
			logouts
			hints
			unsolicited
		}{m, l, h, u}
	},
	offersSessions | offersLogouts | offersHints | offersUnsolicited: func(m mapped, s sessions, l logouts, _ receives, h hints, u unsolicited) federation.Provider {
		return struct {
			mapped
			sessions
			logouts
			hints
			unsolicited
		}{m, s, l, h, u}
	},
	offersReceives | offersHints | offersUnsolicited: func(m mapped, _ sessions, _ logouts, r receives, h hints, u unsolicited) federation.Provider {
		return struct {
			mapped
			receives
			hints
			unsolicited
		}{m, r, h, u}
	},
	offersSessions | offersReceives | offersHints | offersUnsolicited: func(m mapped, s sessions, _ logouts, r receives, h hints, u unsolicited) federation.Provider {
		return struct {
			mapped
			sessions
			receives
			hints
			unsolicited
		}{m, s, r, h, u}
	},
	offersLogouts | offersReceives | offersHints | offersUnsolicited: func(m mapped, _ sessions, l logouts, r receives, h hints, u unsolicited) federation.Provider {
		return struct {
			mapped
			logouts
			receives
			hints
			unsolicited
		}{m, l, r, h, u}
	},
	offersSessions | offersLogouts | offersReceives | offersHints | offersUnsolicited: func(m mapped, s sessions, l logouts, r receives, h hints, u unsolicited) federation.Provider {
		return struct {
			mapped
			sessions
			logouts
			receives
			hints
			unsolicited
		}{m, s, l, r, h, u}
	},
}
