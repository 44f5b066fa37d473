package figure

import (
	"image/color"
	"strings"
	"unicode/utf8"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	gfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// outlined is a canvas that draws what the PDF canvas of gonum knows no letters
// for, those beyond Windows-1252, as filled outlines. All other text is text, in
// fonts that are embedded.
type outlined struct{ vg.Canvas }

// SetColor makes up for the PDF canvas, which takes the components of a colour
// multiplied by its alpha for those of the colour itself.
func (c outlined) SetColor(clr color.Color) {
	if clr == nil { // black to gonum
		clr = color.Black
	}
	c.Canvas.SetColor(straight(color.NRGBAModel.Convert(clr).(color.NRGBA)))
}

// straight is a colour whose components are not multiplied by alpha.
type straight color.NRGBA

// RGBA returns the components as they are.
func (s straight) RGBA() (r, g, b, a uint32) {
	return uint32(s.R) * 0x101, uint32(s.G) * 0x101, uint32(s.B) * 0x101, uint32(s.A) * 0x101
}

// FillString writes s from pt to the right, in runs of letters that the canvas
// knows and of such that it does not.
func (c outlined) FillString(face gfont.Face, pt vg.Point, s string) {
	for s != "" {
		known := known(s)
		n := strings.IndexFunc(s, func(r rune) bool { return inPDF(r) != known })
		if n < 0 {
			n = len(s)
		}
		if known {
			c.Canvas.FillString(face, pt, s[:n])
		} else {
			c.fillOutlines(face, pt, s[:n])
		}
		pt.X += face.Width(s[:n])
		s = s[n:]
	}
}

func known(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return inPDF(r)
}

// inPDF reports whether the PDF canvas writes r as it is: a letter of Windows-1252.
func inPDF(r rune) bool {
	return r >= ' ' && r < 0x7f || r >= 0xa0 && r <= 0xff || strings.ContainsRune("€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ", r)
}

// fillOutlines fills the outlines of the glyphs of s, from pt to the right.
func (c outlined) fillOutlines(face gfont.Face, pt vg.Point, s string) {
	var buf sfnt.Buffer
	// Outlines at a large size keep their shape in 26.6 fixed point.
	const ppem = 1024
	unit := face.Font.Size / ppem
	var prev sfnt.GlyphIndex
	for i, r := range s {
		g, err := face.Face.GlyphIndex(&buf, r)
		if err != nil {
			continue
		}
		if i > 0 {
			if k, err := face.Face.Kern(&buf, prev, g, fixed.I(ppem), font.HintingNone); err == nil {
				pt.X += length(k) * unit
			}
		}
		prev = g
		if segments, err := face.Face.LoadGlyph(&buf, g, fixed.I(ppem), nil); err == nil {
			if path := glyphPath(segments, pt, unit); path != nil {
				c.Fill(path)
			}
		}
		if a, err := face.Face.GlyphAdvance(&buf, g, fixed.I(ppem), font.HintingNone); err == nil {
			pt.X += length(a) * unit
		}
	}
}

func length(x fixed.Int26_6) vg.Length { return vg.Length(x) / 64 }

// glyphPath converts an outline, whose y axis points down.
func glyphPath(segments sfnt.Segments, origin vg.Point, unit vg.Length) vg.Path {
	at := func(p fixed.Point26_6) vg.Point {
		return vg.Point{X: origin.X + length(p.X)*unit, Y: origin.Y - length(p.Y)*unit}
	}
	var path vg.Path
	for _, s := range segments {
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			if path != nil {
				path.Close()
			}
			path.Move(at(s.Args[0]))
		case sfnt.SegmentOpLineTo:
			path.Line(at(s.Args[0]))
		case sfnt.SegmentOpQuadTo:
			path.QuadTo(at(s.Args[0]), at(s.Args[1]))
		case sfnt.SegmentOpCubeTo:
			path.CubeTo(at(s.Args[0]), at(s.Args[1]), at(s.Args[2]))
		}
	}
	if path != nil {
		path.Close()
	}
	return path
}
