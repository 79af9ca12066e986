package figure

import (
	"image/color"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

type vec [3]float64

// sight is how colours, as linear light, are seen: by most people, and without one of the three kinds of cones (Machado,
// Oliveira and Fernandes 2009, severity 1).
var sight = map[string][3]vec{
	"all cones":    {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

func linear(c color.RGBA) vec {
	f := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return vec{f(c.R), f(c.G), f(c.B)}
}

func seen(m [3]vec, v vec) (w vec) {
	for i := range w {
		for j := range v {
			w[i] += m[i][j] * v[j]
		}
		w[i] = min(max(w[i], 0), 1)
	}
	return w
}

// lab gives CIE L*a*b*, in which distances are about as large as they look.
func lab(v vec) vec {
	f := func(t float64) float64 {
		if t > 0.008856 {
			return math.Cbrt(t)
		}
		return 7.787*t + 16.0/116
	}
	x := f((0.4124*v[0] + 0.3576*v[1] + 0.1805*v[2]) / 0.95047)
	y := f(0.2126*v[0] + 0.7152*v[1] + 0.0722*v[2])
	z := f((0.0193*v[0] + 0.1192*v[1] + 0.9505*v[2]) / 1.08883)
	return vec{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

func distance(a, b vec) float64 {
	return math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2]))
}

func TestColorsAreToldApartWithAnyColorBlindness(t *testing.T) {
	for _, p := range []palette{light, dark} {
		require.Len(t, p.Series, int(Gray))
		for name, m := range sight {
			for i, a := range p.Series {
				for _, b := range p.Series[:i] {
					d := distance(lab(seen(m, linear(parse(a)))), lab(seen(m, linear(parse(b)))))
					require.Greater(t, d, 12.0, "%s and %s with %s", a, b, name)
				}
			}
		}
	}
}

func TestRampsChangeInLightnessAwayFromThePage(t *testing.T) {
	for _, p := range []struct {
		palette
		sign float64
	}{{light, -1}, {dark, 1}} {
		for i := 1; i < len(p.Ramp); i++ {
			step := lab(linear(parse(p.Ramp[i])))[0] - lab(linear(parse(p.Ramp[i-1])))[0]
			require.Greater(t, step*p.sign, 5.0, p.Ramp[i])
		}
	}
	require.Equal(t, parse(light.Ramp[0]), Shade(0))
	require.Equal(t, parse(light.Ramp[len(light.Ramp)-1]), Shade(1))
	require.Equal(t, Shade(1), Shade(7))
	require.Equal(t, color.RGBA{0x00, 0x72, 0xb2, 255}, Blue.RGB())
	require.Equal(t, Blue.RGB(), Auto.RGB())
}

func TestSeriesOfOneNameShareAColorAndOthersDoNot(t *testing.T) {
	f := Figure{Series: []Series{
		Line{Name: "p50"}, Line{Name: "p99", Color: Orange}, Band{Name: "p50"}, Line{Name: "p90"}, Scatter{Name: "all", Color: Green}, Line{Name: "p10"},
	}}
	require.Equal(t, []Color{Blue, Orange, Blue, Purple, Green, Sky}, f.Colors())
	require.Equal(t, []Color{Blue, Green, Orange}, KindColors([]Kind{{Name: "a"}, {Name: "b", Color: Green}, {Name: "c"}}))
}
