// Package webui is what all pages of this module look like: one frame of colours, type, a card and buttons, in light and dark, for a
// telephone and a desktop. A page adds what it alone has.
//
//	var style = webui.Stylesheet(own)
//
// The frame expects a body with an element of the class brand (with a .mark in it), which may be left out, and a main of the class card.
// A page that has another accent sets --accent and its companions again in its own part. The colours keep the contrast that WCAG 2.1
// asks for at level AA, in both schemes; who changes one keeps it too.
package webui

import _ "embed"

//go:embed frame.css
var frame string

// Stylesheet returns the frame followed by a page's own rules, which win over it.
func Stylesheet(own string) string { return frame + "\n" + own }
