package mock

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"net/http"
	"strconv"
)

// An embeddings renders Embeddings: for each input a vector of length 1, drawn with the seed. It has no streams.
type embeddings struct {
	*answer
	request request
}

func (e *embeddings) body(buf []byte) []byte {
	dimensions := defaultDimensions
	switch {
	case e.request.dimensions > 0:
		dimensions = e.request.dimensions
	case e.options.Dimensions > 0:
		dimensions = e.options.Dimensions
	}
	buf = append(buf, `{"object":"list","data":[`...)
	for i := range e.request.inputs {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(buf, `{"object":"embedding","index":`...)
		buf = strconv.AppendInt(buf, int64(i), 10)
		buf = append(buf, `,"embedding":`...)
		buf = appendVector(buf, e.vector(dimensions), e.request.base64)
		buf = append(buf, '}')
	}
	buf = append(buf, `],"model":`...)
	buf = append(buf, e.model...)
	if e.options.Usage != UsageAbsent {
		prompt := strconv.Itoa(e.promptTokens)
		buf = append(buf, `,"usage":{"prompt_tokens":`+prompt+`,"total_tokens":`+prompt+`}`...)
	}
	return append(buf, '}')
}

func (e *embeddings) failedBody(buf []byte) []byte {
	return appendError(buf, http.StatusInternalServerError, faultMessage, "", "")
}

func (e *embeddings) vector(dimensions int) []float32 {
	v, sum := make([]float32, dimensions), 0.0
	for i := range v {
		x := e.random.NormFloat64()
		v[i], sum = float32(x), sum+x*x
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

// appendVector appends a list of numbers or, in base64, the text of their bytes as little-endian float32.
func appendVector(buf []byte, v []float32, inBase64 bool) []byte {
	if inBase64 {
		raw, _ := binary.Append(nil, binary.LittleEndian, v)
		buf = append(buf, '"')
		buf = base64.StdEncoding.AppendEncode(buf, raw)
		return append(buf, '"')
	}
	buf = append(buf, '[')
	for i, x := range v {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = strconv.AppendFloat(buf, float64(x), 'g', -1, 32)
	}
	return append(buf, ']')
}
