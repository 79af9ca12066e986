package figure

import (
	"image/color"
	"math"
)

// A Color is an entry of a palette whose entries are told apart by people with any of the common colour blindnesses, in
// both themes. The zero Color is the next one that the figure has not used for another name.
type Color int

// The palette.
const (
	Auto Color = iota
	Blue
	Orange
	Green
	Purple
	Sky
	Red
	Gray
)

// A palette holds the colours of one theme: those of series, and a ramp for values, from low to high. The colours are
// those of Okabe and Ito with a grey, made lighter where the page is dark.
type palette struct {
	Series []string `json:"series"`
	Ramp   []string `json:"ramp"`
}

// The ramps change in lightness above all, away from the colour of the page.
var (
	light = palette{
		Series: []string{"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#545b64"},
		Ramp:   []string{"#dfeaf4", "#c3d9ea", "#98c1dd", "#62a3cc", "#2f80b5", "#125c95", "#08386a"},
	}
	dark = palette{
		Series: []string{"#3f92d2", "#e8a317", "#12ab80", "#d48ab4", "#8fd3ff", "#e2703a", "#c9ced4"},
		Ramp:   []string{"#1a2c3c", "#1b3f5a", "#1d5277", "#2b72a0", "#4e97c4", "#86bde0", "#cbe6f9"},
	}
)

// RGB is the colour on white paper. Auto is the first of the palette, and so is what is not in it.
func (c Color) RGB() color.RGBA { return parse(light.Series[c.index()]) }

func (c Color) index() int {
	if c < Blue || c > Gray {
		return 0
	}
	return int(c - Blue)
}

// Shade is the colour of a value in a heat map on white paper: 0 the lowest, 1 the highest.
func Shade(t float64) color.RGBA {
	last := len(light.Ramp) - 1
	at := math.Min(math.Max(t, 0), 1) * float64(last)
	i := min(int(at), last-1)
	a, b := parse(light.Ramp[i]), parse(light.Ramp[i+1])
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (float64(b)-float64(a))*(at-float64(i)))) }
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// parse reads "#rrggbb"; only constants of this package are given to it.
func parse(s string) color.RGBA {
	var v [3]uint8
	for i := range v {
		for _, c := range []byte(s[1+2*i : 3+2*i]) {
			v[i] <<= 4
			if c >= 'a' {
				v[i] += c - 'a' + 10
			} else {
				v[i] += c - '0'
			}
		}
	}
	return color.RGBA{v[0], v[1], v[2], 255}
}

// assign gives each name a colour: its own where one is chosen, that of an earlier series of the same name, or the next free one.
type assign struct {
	byName map[string]Color
	taken  [Gray + 1]bool
}

func (a *assign) reserve(c Color) {
	if c >= Blue && c <= Gray {
		a.taken[c] = true
	}
}

func (a *assign) color(name string, chosen Color) Color {
	if a.byName == nil {
		a.byName = map[string]Color{}
	}
	c, known := a.byName[name]
	if chosen != Auto {
		c = chosen
	} else if !known {
		c = a.next()
	}
	a.byName[name] = c
	a.reserve(c)
	return c
}

func (a *assign) next() Color {
	for c := Blue; c <= Gray; c++ {
		if !a.taken[c] {
			return c
		}
	}
	return Blue + Color(len(a.byName)%int(Gray))
}
