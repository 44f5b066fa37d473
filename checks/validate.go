package checks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
)

// validateParams makes sure that records and witnesses can hold the parameters,
// and that no control is the claim itself.
func (c Claim[P]) validateParams() error {
	grid := map[string]bool{}
	for i, p := range c.Grid {
		params, err := survives(p)
		if err != nil {
			return fmt.Errorf("instance %d of the grid: %w", i, err)
		}
		grid[string(params)] = true
	}
	for _, k := range c.Controls {
		for i, p := range k.At {
			params, err := survives(p)
			if err != nil {
				return fmt.Errorf("control %q, parameters %d: %w", k.Name, i, err)
			}
			if k.Setup == nil && grid[string(params)] {
				return fmt.Errorf("control %q equals the claim at %s, which is in its grid too: sabotage the Setup or the parameters", k.Name, params)
			}
		}
	}
	for _, k := range c.Constants {
		for i, p := range k.At {
			if _, err := survives(p); err != nil {
				return fmt.Errorf("constant %q, parameters %d: %w", k.Name, i, err)
			}
		}
	}
	return nil
}

// survives returns the parameters as JSON, if they come back from it as they
// were: the streams of the trials and the witnesses hang on that.
func survives[P any](p P) (json.RawMessage, error) {
	params, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("parameters do not fit JSON: %w", err)
	}
	var back P
	if err := json.Unmarshal(params, &back); err != nil {
		return nil, fmt.Errorf("parameters cannot be read back from %s: %w", params, err)
	}
	again, err := json.Marshal(back)
	if err != nil || !bytes.Equal(params, again) || lost(reflect.ValueOf(p), reflect.ValueOf(back)) {
		return nil, fmt.Errorf("parameters of type %T do not survive JSON (%s): export all fields, and leave out what JSON cannot hold", p, params)
	}
	return params, nil
}

// lost reports whether the value that came back from JSON lacks something. An
// empty list may come back as none, and a number keeps its value but not the
// sign of zero.
func lost(a, b reflect.Value) bool {
	if a.IsValid() != b.IsValid() {
		return true
	}
	if !a.IsValid() {
		return false
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		return a.IsNil() != b.IsNil() || !a.IsNil() && lost(a.Elem(), b.Elem())
	case reflect.Struct:
		for i := range a.NumField() {
			if lost(a.Field(i), b.Field(i)) {
				return true
			}
		}
		return false
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			return true
		}
		for i := range a.Len() {
			if lost(a.Index(i), b.Index(i)) {
				return true
			}
		}
		return false
	case reflect.Map:
		if a.Len() != b.Len() {
			return true
		}
		for _, k := range a.MapKeys() {
			if lost(a.MapIndex(k), b.MapIndex(k)) {
				return true
			}
		}
		return false
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return !a.IsNil()
	}
	return !a.Equal(b)
}

// senseless explains which of the instance's numbers no form can use; nil when
// all can be used.
func (i Instance) senseless() error {
	t := i.Terms
	for _, n := range []struct {
		name string
		v    Float
	}{{"Resolution", t.Resolution}, {"Exponent", t.Exponent}, {"Location", t.Location}, {"Level", t.Level}, {"Deviation", t.Deviation}} {
		if math.IsNaN(float64(n.v)) || math.IsInf(float64(n.v), 0) {
			return fmt.Errorf("the %s in Terms is %v: give a finite number", n.name, n.v)
		}
	}
	switch {
	case t.Trials < 0:
		return fmt.Errorf("the Trials in Terms is %d: ask for at least one trial, or 0 to leave it to the profile", t.Trials)
	case t.Relation != "" && t.Relation != AtMost && t.Relation != AtLeast && t.Relation != Equal:
		return fmt.Errorf("the Relation in Terms %q is unknown: use checks.AtMost, checks.AtLeast or checks.Equal", t.Relation)
	case t.Deviation < 0:
		return fmt.Errorf("the Deviation in Terms is %v: bound the standard deviation by a positive number, or leave it out", t.Deviation)
	case t.Resolution < 0:
		return fmt.Errorf("the Resolution in Terms is %v: it must not be negative", t.Resolution)
	case t.Range != nil && !(t.Range[0] < t.Range[1]):
		return fmt.Errorf("the Range in Terms is [%v, %v]: the first number must be the smaller one", t.Range[0], t.Range[1])
	case t.Range != nil && (math.IsInf(float64(t.Range[0]), 0) || math.IsInf(float64(t.Range[1]), 0)):
		return fmt.Errorf("the Range in Terms is [%v, %v]: give finite bounds, or Deviation", t.Range[0], t.Range[1])
	case t.Level < 0 || t.Level >= 1:
		return fmt.Errorf("the Level in Terms is %v: a probability of success must lie between 0 and 1", t.Level)
	}
	for _, h := range i.Hypotheses {
		if r := h.Relation.orDefault(); r != AtMost && r != AtLeast && r != Equal {
			return fmt.Errorf("relation %q of hypothesis %q is unknown: use checks.AtMost, checks.AtLeast or checks.Equal", r, h.Name)
		}
	}
	return nil
}

// sensible reports what the form cannot use of an instance that is otherwise
// sound.
func sensible(f Form, t Terms) error {
	if _, ok := f.(Probably); ok && !(t.Delta > 0 && t.Delta < 1) {
		return fmt.Errorf("the Delta in Terms is %v: a probability of violation must lie between 0 and 1", t.Delta)
	}
	if _, ok := f.(Threshold); ok && !(t.Location > 0) {
		return fmt.Errorf("the Location in Terms is %v: the crossing must lie at a positive size", t.Location)
	}
	return nil
}
