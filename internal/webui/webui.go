// Package webui is what all pages of this module look like: one frame of colours, type, a card and buttons, in light and dark, for a
// telephone and a desktop. A page adds what it alone has.
//
//	var style = webui.Stylesheet(own)
//
// A package with several pages keeps them in templates/*.html, each with the frame of frame.html around it, and serves them with its
// stylesheet by way of [Pages]:
//
//	pages, err := webui.LoadPages(files, own, "signin", "signup")
//
// The frame expects a body with an element of the class brand (with a .mark in it), which may be left out, and a main of the class card.
// A page that has another accent sets --accent and its companions again in its own part. The colours keep the contrast that WCAG 2.1
// asks for at level AA, in both schemes; who changes one keeps it too.
package webui

import (
	_ "embed"
	"unicode"
)

//go:embed frame.css
var frame string

// Stylesheet returns the frame followed by a page's own rules, which win over it.
func Stylesheet(own string) string { return frame + "\n" + own }

// Initial returns the first letter or digit of a title, in upper case, for the mark beside it; a dot if it has none.
func Initial(title string) string {
	for _, r := range title {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return "•"
}
