package page

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
)

// The lazy parts of a claim are put into a large page when the claim is
// unfolded: they would take half of its bytes, and compressed a tenth of them.
// Without JavaScript the formula is there as text, how many controls were caught
// as a number, and the figures are missing.
type lazy struct {
	Formula string `json:"m,omitempty"` // MathML
	Figures string `json:"g,omitempty"` // SVG with captions
	Rest    string `json:"r,omitempty"` // of a claim that holds and whose controls are caught: those, the search, what is detected
}

// pack writes the parts of all claims, in their order, as base64 of gzip of
// JSON, for the script.
func pack(parts []lazy) (string, error) {
	var buf bytes.Buffer
	z, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	enc := json.NewEncoder(z)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(parts); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(buf.Bytes()), nil
}
