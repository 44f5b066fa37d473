package venue_test

import (
	"fmt"
	"strings"
	"testing"

	"convergo/report/venue"
)

func ExampleParse() {
	v, err := venue.Parse("ICML")
	fmt.Printf("%.2f of %.2f inches, %v, %v\n", v.Column.Inches(), v.Text.Inches(), v.TwoColumns(), err)
	// Output: 3.25 of 6.75 inches, true, <nil>
}

func TestVenues(t *testing.T) {
	for _, name := range venue.Names() {
		v, err := venue.Parse(strings.ToUpper(name))
		if err != nil || v.Name != name {
			t.Errorf("%s reads as %q, %v", name, v.Name, err)
		}
		if !(v.Column <= v.Text && v.Text > 200 && v.Height > 100 && v.Small < v.Body && v.Small < v.Lead) {
			t.Errorf("%+v is no page", v)
		}
	}
	if v, err := venue.Parse("iclr"); err != nil || v.Name != "neurips" {
		t.Errorf("iclr is %q, %v", v.Name, err)
	}
	if _, err := venue.Parse("nature"); err == nil || !strings.Contains(err.Error(), "neurips") {
		t.Errorf("error %v", err)
	}
}
