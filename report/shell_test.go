package report

import (
	"os/exec"
	"testing"
)

func TestShellQuote(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell here")
	}
	for _, s := range []string{"", "plain", "it's", "$HOME", "a b", "`x`", `\`, "*", "~", "-n", "a\nb", "é", "!", `"`} {
		out, err := exec.Command(sh, "-c", "printf %s. "+ShellQuote(s)).Output()
		if err != nil || string(out) != s+"." {
			t.Errorf("%q becomes %q, %v", s, out, err)
		}
	}
}
