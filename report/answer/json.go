package answer

import (
	"encoding/json"
	"io"

	"convergo/bounds/dataset"
	"convergo/bounds/eig"
	"convergo/bounds/predict"
	"convergo/checks"
)

// The JSON of an answer. Numbers that are not finite are strings, as in records.
type answerJSON struct {
	Read        string           `json:"read,omitempty"`
	Facts       factsJSON        `json:"facts"`
	Delta       float64          `json:"delta"`
	Share       float64          `json:"share"`
	Predictions []predictionJSON `json:"predictions"`
	Trained     []networkJSON    `json:"trained,omitempty"`
	Bounds      []boundJSON      `json:"bounds,omitempty"` // on the squared error of the trained networks
}

type factsJSON struct {
	N          int            `json:"n"`
	D          int            `json:"d"`
	Separation checks.Float   `json:"separation"`
	Near       int            `json:"near_duplicates"`
	Spectral   certifiedJSON  `json:"spectral_norm"`
	Kernels    []kernelJSON   `json:"kernels"`
	Form       *certifiedJSON `json:"y_inverse_y,omitempty"`
	Shuffled   *checks.Float  `json:"y_inverse_y_shuffled,omitempty"`
	Measure    *checks.Float  `json:"label_measure,omitempty"`
	Margin     []checks.Float `json:"kernel_margin,omitempty"` // certified bounds
	Align      []shareJSON    `json:"alignment,omitempty"`
}

type certifiedJSON struct {
	Value checks.Float `json:"value"`
	Error checks.Float `json:"error"`
	OK    bool         `json:"certified"`
}

type kernelJSON struct {
	Name    string        `json:"name"`
	Meaning string        `json:"meaning"`
	Lambda0 certifiedJSON `json:"lambda_0"`
	Top     certifiedJSON `json:"lambda_max"`
	Cond    checks.Float  `json:"condition"`
}

type shareJSON struct {
	Leading int     `json:"leading"`
	Part    float64 `json:"part"`
}

type predictionJSON struct {
	Source     string           `json:"source"`
	Theorem    string           `json:"theorem"`
	Claim      string           `json:"claim,omitempty"`
	Kind       predict.Kind     `json:"kind"`
	Constants  string           `json:"constants"`
	Says       string           `json:"says"`
	Supposes   []string         `json:"supposes,omitempty"`
	Width      checks.Float     `json:"width"`
	Step       checks.Float     `json:"step"`
	Rate       checks.Float     `json:"rate"`
	Steps      checks.Float     `json:"steps"`
	Flow       bool             `json:"flow,omitempty"`
	Value      checks.Float     `json:"value"`
	Truth      checks.Float     `json:"truth"`
	Upper      bool             `json:"upper,omitempty"`
	Hypotheses []hypothesisJSON `json:"hypotheses,omitempty"`
	Inside     bool             `json:"inside"`
	Vacuous    string           `json:"vacuous,omitempty"`
}

type hypothesisJSON struct {
	Name     string       `json:"name"`
	Have     checks.Float `json:"have"`
	Relation string       `json:"relation"`
	Need     checks.Float `json:"need"`
}

func (a *Answer) writeJSON(w io.Writer) error {
	out := answerJSON{Read: a.Read, Facts: factsOf(a.Facts), Delta: a.Data.Delta, Share: a.Data.Share}
	for _, p := range a.Predictions {
		out.Predictions = append(out.Predictions, predictionOf(p))
	}
	if a.Trained != nil {
		out.Trained, out.Bounds = a.Trained.json(), a.Trained.boundsJSON()
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}

func certifiedOf(c eig.Certified) certifiedJSON {
	return certifiedJSON{checks.Float(c.Value), checks.Float(c.Err), c.OK}
}

func factsOf(f *dataset.Facts) factsJSON {
	out := factsJSON{N: f.N, D: f.D, Separation: checks.Float(f.Geometry.Separation), Near: f.Geometry.Near, Spectral: certifiedOf(f.Spectral)}
	for _, k := range f.Kernels {
		out.Kernels = append(out.Kernels, kernelJSON{k.Name, k.Meaning, certifiedOf(k.Lambda0), certifiedOf(k.Top), checks.Float(k.Condition())})
	}
	l := f.Labels
	if l == nil {
		return out
	}
	form, shuffled, measure := certifiedOf(l.Form), checks.Float(l.Shuffled), checks.Float(l.Measure)
	out.Form, out.Shuffled, out.Measure = &form, &shuffled, &measure
	if l.Margin != nil {
		out.Margin = []checks.Float{checks.Float(l.Margin.Lower), checks.Float(l.Margin.Upper)}
	}
	for _, s := range l.Align {
		out.Align = append(out.Align, shareJSON{s.Leading, s.Part})
	}
	return out
}

func predictionOf(p predict.Prediction) predictionJSON {
	out := predictionJSON{
		Source: p.Source, Theorem: p.Theorem, Claim: p.Claim, Kind: p.Kind, Constants: string(p.Constants), Says: p.Says, Supposes: p.Supposes,
		Width: checks.Float(p.Width), Step: checks.Float(p.Step), Rate: checks.Float(p.Rate), Steps: checks.Float(p.Steps), Flow: p.Flow,
		Value: checks.Float(p.Value), Truth: checks.Float(p.Truth), Upper: p.Upper, Inside: p.Met(), Vacuous: p.Vacuous,
	}
	for _, h := range p.Hypotheses {
		out.Hypotheses = append(out.Hypotheses, hypothesisJSON{h.Name, checks.Float(h.Have), relation(h), checks.Float(h.Need)})
	}
	return out
}
