package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"convergo/checks"
	"convergo/report/table"
)

// Claims that the table of labels is read from. The first follows the limit
// kernel, the second trains networks; both state the same facts.
const (
	labelSteps    = "arora2019fine/label-steps"
	labelTraining = "arora2019fine/label-training"
)

// labelTypes are the kinds of labels in the names of the facts and series.
var labelTypes = [...]string{"true", "random", "worst-case"}

// Labels returns the table of true, random and worst-case labels on one data
// set (Arora et al. 2019, Figure 1): a row a data set and type of
// labels, with the measure sqrt(2 y^T H^{-1} y/n) of generalisation, the share
// of the labels in the top eigenvectors, the steps that learning them takes in
// the limit kernel, and the loss after K steps there and of a trained network.
// It fails when the run holds no trial of the claims that it is read from.
//
// The training curves themselves are the series "true labels", "random labels"
// and "worst-case labels" of the same instances.
func Labels(s *checks.Summary) (*table.Table, error) {
	t := table.New(
		table.Column{Key: "data", Head: "data set"},
		table.Column{Key: "n", Head: "$n$", Yield: 3},
		table.Column{Key: "labels", Head: "labels"},
		table.Column{Key: "measure", Head: `$\sqrt{2 y^\top (H^\infty)^{-1} y/n}$`},
		table.Column{Key: "alignment", Head: "alignment", Yield: 1},
		table.Column{Key: "steps", Head: "steps", Yield: 6},
		table.Column{Key: "k", Head: "$K$", Yield: 2},
		table.Column{Key: "kernel_loss", Head: "kernel", Group: "loss after $K$ steps", Yield: 4},
		table.Column{Key: "network_loss", Head: "network", Group: "loss after $K$ steps", Yield: 5},
		table.Column{Key: "verdict", Head: "order holds"},
	)
	t.Title, t.Label = "True, random and worst-case labels", "tab:labels"
	t.Caption = `The labels of the data, independent fair signs in expectation, and the eigenvector of the smallest eigenvalue $\lambda_0$ of the limit kernel $H^\infty$, all of norm $\sqrt{n}$. ` +
		`Alignment: share of $\|y\|^2$ in the tenth of the eigenvectors with the largest eigenvalues. ` +
		`Steps: until $\|(I-\eta H^\infty)^k y\| \le \|y\|/10$ with $\eta = 1/\lambda_{\max}$. ` +
		`Loss: $\|e(K)\|^2/\|y\|^2$, in the limit kernel and of one network. Every measure is certified: a kernel whose $\lambda_0$ is not is left out.`
	n := &notes{table: t}
	for _, id := range []string{labelSteps, labelTraining} {
		for _, c := range s.Claims {
			if c.Info.ID != id {
				continue
			}
			for _, o := range c.Instances {
				if !o.Inside || o.Result.Trials == 0 {
					continue
				}
				if err := addLabels(t, o, n); err != nil {
					return nil, fmt.Errorf("%s, instance %d: %w", id, o.Key.Index, err)
				}
			}
		}
	}
	if len(t.Rows) == 0 {
		return nil, fmt.Errorf("the run holds no trials of %s or %s: verify the source arora2019fine first", labelSteps, labelTraining)
	}
	return t, nil
}

// addLabels adds the rows of one data set.
func addLabels(t *table.Table, o checks.InstanceOutcome, n *notes) error {
	name, err := labelData(o.Params)
	if err != nil {
		return err
	}
	remark := fmt.Sprintf("%s: smallest eigenvalue %.3g, certified to %.1g; largest %.3g; %d draws of random labels",
		name, fact(o, "lambda_0"), fact(o, "lambda_0 error"), fact(o, "lambda_max"), o.Result.Trials)
	if e := fact(o, "measure error, worst-case labels"); !math.IsNaN(e) {
		remark += fmt.Sprintf("; the worst-case measure certified to %.1g", e)
	}
	if m := fact(o, "width run"); !math.IsNaN(m) {
		remark += fmt.Sprintf("; width %.0f", m)
	}
	data := n.on(table.Text(name), remark+".")
	for i, kind := range labelTypes {
		var values [4]float64
		for k, what := range []string{"measure, ", "alignment, ", "steps to 10%, ", "kernel loss after K, "} {
			if values[k] = fact(o, what+kind+" labels"); math.IsNaN(values[k]) {
				return fmt.Errorf("the records lack the fact %q", what+kind+" labels")
			}
		}
		var verdict table.Cell
		if i == 0 {
			verdict = VerdictMark(o.Result.Verdict)
		}
		t.Add(data, whole(fact(o, "n")), table.Text(kind), number(checks.Float(values[0])), number(checks.Float(values[1])), whole(values[2]),
			whole(fact(o, "K")), number(checks.Float(values[3])), networkLoss(o, kind), verdict)
	}
	return nil
}

// labelData names the data of an instance in a few words.
func labelData(params json.RawMessage) (string, error) {
	var p struct {
		Data struct {
			Kind    string `json:"kind"`
			D       int    `json:"d"`
			Classes [2]int `json:"classes"`
			Labels  string `json:"labels"`
			Path    string `json:"path"`
		} `json:"data"`
	}
	if err := json.Unmarshal(params, &p); err != nil {
		return "", fmt.Errorf("parameters: %w", err)
	}
	d := p.Data
	if d.Kind == "" {
		return "", errors.New("parameters without a data set")
	}
	words := []string{d.Kind}
	if d.Path != "" {
		words = []string{filepath.Base(d.Path)}
	}
	if d.Classes != [2]int{} {
		words = append(words, fmt.Sprintf("%d/%d", d.Classes[0], d.Classes[1]))
	}
	if d.D != 0 {
		words = append(words, fmt.Sprintf("d=%d", d.D))
	}
	if d.Labels != "" {
		words = append(words, d.Labels)
	}
	return strings.Join(words, " "), nil
}

// networkLoss is the end of the network's training curve, or empty where none
// was trained.
func networkLoss(o checks.InstanceOutcome, kind string) table.Cell {
	for _, s := range o.Series {
		if s.Name == kind+" labels" && strings.HasSuffix(s.YName, "network") && len(s.Y) > 0 {
			return number(s.Y[len(s.Y)-1])
		}
	}
	return table.Empty{}
}
