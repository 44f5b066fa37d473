package report

import (
	"encoding/json"
	"fmt"
	"strings"

	"convergo/checks"
)

// A param is one parameter of an instance, ready to print.
type param struct{ name, value string }

// Compact writes parameters as "n=10 d=20": JSON without its punctuation, with
// nested objects flattened and long lists cut.
func Compact(params json.RawMessage) string {
	ps, err := flatten(params)
	if err != nil {
		return string(params)
	}
	return joinParams(ps)
}

func joinParams(ps []param) string {
	words := make([]string, len(ps))
	for i, p := range ps {
		words[i] = p.name + "=" + p.value
	}
	return strings.Join(words, " ")
}

// commonParams returns the parameters that all of several instances share.
func commonParams(os []checks.InstanceOutcome) []param {
	if len(os) < 2 {
		return nil
	}
	common, err := flatten(os[0].Params)
	if err != nil {
		return nil
	}
	for _, o := range os[1:] {
		ps, err := flatten(o.Params)
		if err != nil {
			return nil
		}
		common = intersect(common, ps)
	}
	return common
}

func intersect(a, b []param) []param {
	in := map[param]bool{}
	for _, p := range b {
		in[p] = true
	}
	var both []param
	for _, p := range a {
		if in[p] {
			both = append(both, p)
		}
	}
	return both
}

// paramsWithout returns the parameters of an instance that are not common.
func paramsWithout(params json.RawMessage, common []param) []param {
	skip := map[param]bool{}
	for _, p := range common {
		skip[p] = true
	}
	ps, err := flatten(params)
	if err != nil {
		return []param{{"parameters", string(params)}}
	}
	var own []param
	for _, p := range ps {
		if !skip[p] {
			own = append(own, p)
		}
	}
	return own
}

// flatten lists the parameters in order.
func flatten(params json.RawMessage) ([]param, error) {
	dec := json.NewDecoder(strings.NewReader(string(params)))
	dec.UseNumber()
	var ps []param
	err := flattenValue(dec, &ps, "")
	return ps, err
}

// flattenValue walks the tokens, since a map would lose the order of the
// fields.
func flattenValue(dec *json.Decoder, ps *[]param, key string) error {
	tok, err := dec.Token()
	if err != nil {
		return err
	}
	switch v := tok.(type) {
	case json.Delim:
		if v == '[' {
			return flattenList(dec, ps, key)
		}
		for dec.More() {
			k, err := dec.Token()
			if err != nil {
				return err
			}
			if err := flattenValue(dec, ps, strings.ToLower(fmt.Sprint(k))); err != nil {
				return err
			}
		}
		_, err = dec.Token()
		return err
	case string:
		const longest = 24
		if r := []rune(v); len(r) > longest {
			v = string(r[:longest-1]) + "…"
		}
		*ps = append(*ps, param{key, v})
	default:
		*ps = append(*ps, param{key, fmt.Sprint(v)})
	}
	return nil
}

func flattenList(dec *json.Decoder, ps *[]param, key string) error {
	var items []json.RawMessage
	for dec.More() {
		var item json.RawMessage
		if err := dec.Decode(&item); err != nil {
			return err
		}
		items = append(items, item)
	}
	if _, err := dec.Token(); err != nil {
		return err
	}
	const shown = 6
	var texts []string
	for i, item := range items {
		if i == shown {
			texts = append(texts, fmt.Sprintf("… %d in all", len(items)))
			break
		}
		texts = append(texts, string(item))
	}
	*ps = append(*ps, param{key, "[" + strings.Join(texts, ",") + "]"})
	return nil
}
