package checks

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// A claim on growth says what grows: its figures and its statement name it.
func TestGrowthNamesItsLadder(t *testing.T) {
	for _, form := range []Form{Scaling{}, Bounded{}} {
		c := formed(form, Terms{}, Measurement{})
		c.Along = ""
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "Along") {
			t.Errorf("%s without Along: %v", form.Name(), err)
		}
		if c.Along = "width $m$"; c.Validate() != nil || c.Info().Along != c.Along {
			t.Errorf("%s along %s: %v, described as along %q", form.Name(), c.Along, c.Validate(), c.Info().Along)
		}
	}
}

// A declaration that no report could print is refused by what is wrong with it.
func TestValidateTables(t *testing.T) {
	good := func() SourceTable {
		return SourceTable{
			Name: "width", Title: "Width", Caption: "Widths.", Claims: []string{"a"},
			Columns: []TableColumn{{Value: "n", Head: "$n$"}, {Value: "observed", Head: "measured", Yield: 1}},
		}
	}
	for want, change := range map[string]func(*SourceTable){
		"":                         func(*SourceTable) {},
		"lower-case letters":       func(d *SourceTable) { d.Name = "Width!" },
		"Title and a Caption":      func(d *SourceTable) { d.Caption = "" },
		"Claims and Columns":       func(d *SourceTable) { d.Columns = nil },
		"no claim \"b\"":           func(d *SourceTable) { d.Claims = []string{"b"} },
		"cannot be joined":         func(d *SourceTable) { d.Curve, d.Join = "observed", []string{"n"} },
		"needs a Value and a Head": func(d *SourceTable) { d.Columns[0].Head = "" },
		"two columns have the key": func(d *SourceTable) { d.Columns[1].Value = "n" },
		"none of its Claims":       func(d *SourceTable) { d.Columns[1].Claim = "b" },
		"without commas":           func(d *SourceTable) { d.Columns[1].Value = "a, b" },
		"1 is given up first":      func(d *SourceTable) { d.Columns[1].Yield = -1 },
		"two tables are named":     func(d *SourceTable) { d.Name = "twice" },
	} {
		d := good()
		change(&d)
		s := Source{Key: "mine", Claims: []Checkable{Claim[int]{ID: "mine/a"}}, Tables: []SourceTable{d}}
		if d.Name == "twice" {
			s.Tables = append(s.Tables, d)
		}
		err := s.ValidateTables()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// A manifest of another release has fields that this one does not read; what is
// in them is held by the sum all the same.
func TestManifestOfAnotherRelease(t *testing.T) {
	b, err := Manifest{Format: manifestFormat, Version: Version, Units: 1, Claims: []Info{{ID: "test/a"}}}.encode()
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(string(b), `"units": 1`, `"units": 1, "later": true`, 1)
	if other == string(b) {
		t.Fatalf("no units in %s", b)
	}
	if _, err := parseManifest([]byte(other)); err == nil || !strings.Contains(err.Error(), "altered") {
		t.Errorf("an added field: %v", err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(other)); err != nil {
		t.Fatal(err)
	}
	body, _, _ := strings.Cut(compact.String(), `,"sum":`)
	sealed := body + `,"sum":"` + sumOfBody(body+"}") + `"}`
	if m, err := parseManifest([]byte(sealed)); err != nil || m.Units != 1 {
		t.Errorf("a sealed field: %+v, %v", m, err)
	}
}
