package price

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"regexp"
	"strconv"
	"strings"
)

// An Amount is money, in 10⁻¹² units of a currency: 1,000,000 is a millionth of a dollar.
type Amount int64

// Unit is one unit of the currency.
const Unit Amount = 1e12

const decimals = 12

// decimal is what Parse takes: long enough for any price, short enough that no number is costly to read.
var decimal = regexp.MustCompile(`^-?[0-9]{1,18}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?$`)

var errNoAmount = errors.New("no amount of money")

// Parse reads a decimal number of units, such as "0.075" or "7.5e-2", exactly. A number with more than twelve decimals, or beyond
// 9.2 million, is an error.
func Parse(text string) (Amount, error) {
	if !decimal.MatchString(text) {
		return 0, fmt.Errorf("%.40q is %w", text, errNoAmount)
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return 0, fmt.Errorf("%q is %w", text, errNoAmount)
	}
	r.Mul(r, new(big.Rat).SetInt64(int64(Unit)))
	switch {
	case !r.IsInt():
		return 0, fmt.Errorf("%q has more than %d decimals", text, decimals)
	case !r.Num().IsInt64():
		return 0, fmt.Errorf("%q is beyond %s", text, Amount(math.MaxInt64))
	}
	return Amount(r.Num().Int64()), nil
}

// Units is the amount in units, as near as a float64 can be.
func (a Amount) Units() float64 { return float64(a) / float64(Unit) }

// String prints the units, exactly and without trailing zeros: "0.075".
func (a Amount) String() string {
	size := uint64(a)
	sign := ""
	if a < 0 {
		size, sign = -size, "-"
	}
	text := strconv.FormatUint(size/uint64(Unit), 10)
	if rest := size % uint64(Unit); rest > 0 {
		text += "." + strings.TrimRight(fmt.Sprintf("%0*d", decimals, rest), "0")
	}
	return sign + text
}

// MarshalJSON writes the number that String prints.
func (a Amount) MarshalJSON() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalJSON reads a number, or one in a string, as Parse does.
func (a *Amount) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	text := string(b)
	if strings.HasPrefix(text, `"`) {
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
	}
	v, err := Parse(text)
	if err == nil {
		*a = v
	}
	return err
}

// scaled is a·n/by for n ≥ 0, to the nearest whole number, halves to even; at most what an Amount holds.
func (a Amount) scaled(n, by uint64) Amount {
	size, negative := uint64(a), a < 0
	if negative {
		size = -size
	}
	hi, lo := bits.Mul64(size, n)
	if hi >= by {
		return saturated(negative)
	}
	quotient, rest := bits.Div64(hi, lo, by)
	if rest > by-rest || rest == by-rest && quotient%2 == 1 {
		quotient++
	}
	switch {
	case quotient > math.MaxInt64:
		return saturated(negative)
	case negative:
		return -Amount(quotient)
	}
	return Amount(quotient)
}

func saturated(negative bool) Amount {
	if negative {
		return -math.MaxInt64
	}
	return math.MaxInt64
}
