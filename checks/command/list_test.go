package command

import (
	"strings"
	"testing"
)

// What list and show say of tables can be typed as it stands.
func TestTablesAreNamed(t *testing.T) {
	const line = "convergo report RUN --table toys/squares"
	for _, tc := range []struct {
		args []string
		want bool
	}{
		{[]string{"list", "toys"}, true},
		{[]string{"show", "toys"}, true},
		{[]string{"show", "toys/product"}, true},
		{[]string{"show", "toys/coins"}, false}, // which no table shows
		{[]string{"list", "toys", "--json"}, false},
	} {
		out, code := output(t, tc.args...)
		if code != 0 || strings.Contains(out, line) != tc.want || strings.Contains(out, "convergo figures RUN --claims toys") != tc.want {
			t.Errorf("%v: status %d, tables named: %v, want %v\n%s", tc.args, code, !tc.want, tc.want, out)
		}
	}
}
