package main

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed survivors.txt
var survivorsText string

// Survivors are the reasons of mutants that may survive.
type survivors map[survivor]string

// A survivor is a mutant at a factor, or at any where the factor is empty.
type survivor struct{ pkg, name, factor string }

// readSurvivors reads lines "package function[result] xfactor ...: reason"; without factors the reason holds for all.
func readSurvivors(text string) (survivors, error) {
	known := survivors{}
	for i, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		what, reason, _ := strings.Cut(line, ": ")
		pkg, name, _ := strings.Cut(what, " ")
		if name == "" || strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("survivors.txt:%d: %q is not \"package function[result] xfactor ...: reason\"", i+1, line)
		}
		factors := []string{""}
		for at := strings.LastIndex(name, " x"); at >= 0; at = strings.LastIndex(name, " x") {
			if _, err := strconv.ParseFloat(name[at+2:], 64); err != nil {
				return nil, fmt.Errorf("survivors.txt:%d: factor %q is not a number", i+1, name[at+2:])
			}
			factors, name = append(factors, name[at+2:]), name[:at]
		}
		if len(factors) > 1 {
			factors = factors[1:]
		}
		for _, f := range factors {
			key := survivor{pkg, name, f}
			if known[key] != "" {
				return nil, fmt.Errorf("survivors.txt:%d: %s is there twice", i+1, what)
			}
			known[key] = reason
		}
	}
	return known, nil
}

// reason says why a mutant may survive, or nothing.
func (s survivors) reason(m mutant, factor float64) string {
	if reason := s[survivor{m.pkg, m.name, ""}]; reason != "" {
		return reason
	}
	return s[survivor{m.pkg, m.name, strconv.FormatFloat(factor, 'g', -1, 64)}]
}
