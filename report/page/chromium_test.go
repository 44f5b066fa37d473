package page

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"convergo/report/internal/synthetic"
)

//go:embed testdata/probe.js
var probe string

// What a probe saw, see testdata/probe.js.
type seen struct {
	Width, ScrollWidth int
	Paint              float64 // ms to the first contentful paint; -1 when unknown
	Errors             []string
	Claims             int
	Found              map[string]int
	Verdicts           map[string][3]any
	Sorts, SortsBack   bool
	Formulas, Figures  int
	Wide, Unmarked     []string
	Axe                []string
	Rules              int
}

// a4 is the width in pixels of an A4 page between the margins of the style
// sheet.
const a4 = 703

// Widths that tell further frames apart: of the page in the dark, and of one
// that is broken on purpose.
const dark, broken = 1024, 500

// axeWidth is the one at which the rules of axe-core look at a large page: they
// take a minute.
const axeWidth = 1280

// TestInChromium opens the page in headless Chromium at the widths of a
// telephone, a tablet and a laptop, and as it is printed. CONVERGO_AXE names
// axe.min.js of the package axe-core; CONVERGO_PAGE a page to look at in place
// of a synthetic one.
func TestInChromium(t *testing.T) {
	browser := chromium(t)
	if os.Getenv("CONVERGO_AXE") == "" {
		t.Log("without the rules of axe-core: CONVERGO_AXE does not name its axe.min.js")
	}
	page, large := render(t, nil, synthetic.Small()), false
	if path := os.Getenv("CONVERGO_PAGE"); path != "" {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		page, large = string(b), true
	}
	for _, s := range look(t, browser, page, large) {
		name := fmt.Sprintf("%d pixels", s.Width)
		switch s.Width {
		case a4:
			name = "printed on A4"
		case dark:
			name = "dark"
		case broken:
			t.Run("a broken page is noticed", func(t *testing.T) { inspectBroken(t, s, large) })
			continue
		}
		t.Run(name, func(t *testing.T) { inspect(t, s, large) })
	}
}

func chromium(t *testing.T) string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no chromium, chromium-browser or google-chrome here")
	return ""
}

// inspectBroken sees that the probe is not blind.
func inspectBroken(t *testing.T, s seen, large bool) {
	if s.ScrollWidth <= s.Width || len(s.Wide) == 0 {
		t.Errorf("a paragraph of 900 pixels went unnoticed on %d", s.Width)
	}
	if len(s.Errors) == 0 {
		t.Error("a picture from elsewhere went unnoticed")
	}
	if os.Getenv("CONVERGO_AXE") != "" && !large && len(s.Axe) == 0 {
		t.Error("axe-core found nothing in a picture without a text and grey on grey")
	}
}

func inspect(t *testing.T, s seen, large bool) {
	for _, e := range s.Errors {
		t.Error("console: ", e)
	}
	if s.ScrollWidth > s.Width || len(s.Wide) > 0 {
		t.Errorf("wider than the screen: %d pixels, %s", s.ScrollWidth, strings.Join(s.Wide, "\n"))
	}
	if s.Width != a4 && len(s.Unmarked) > 0 {
		t.Errorf("scrolls, but not by keyboard: %s", strings.Join(s.Unmarked, "\n"))
	}
	if s.Claims == 0 || s.Formulas == 0 || s.Figures == 0 || !s.Sorts || !s.SortsBack {
		t.Errorf("%d claims, %d formulas and %d figures in those unfolded; sorts: %t, and back: %t", s.Claims, s.Formulas, s.Figures, s.Sorts, s.SortsBack)
	}
	for words, n := range s.Found {
		if n == 0 || n == s.Claims {
			t.Errorf("a search for %q shows %d of %d claims", words, n, s.Claims)
		}
	}
	for v, n := range s.Verdicts {
		if n[0] != n[1] || n[2] != "true" {
			t.Errorf("the filter %s counts %v claims, shows %v and is pressed: %v", v, n[0], n[1], n[2])
		}
	}
	if large {
		t.Logf("first paint after %g ms", s.Paint)
	}
	if s.Paint > 1000 {
		t.Errorf("first paint after %g ms, want at most 1000", s.Paint)
	}
	if os.Getenv("CONVERGO_AXE") == "" || large && s.Width != axeWidth {
		return
	}
	for _, v := range s.Axe {
		t.Error("axe-core: ", v)
	}
	if s.Rules < 10 {
		t.Errorf("axe-core passed %d rules: it did not look", s.Rules)
	}
}

// look opens the page in frames of all widths at once and returns what their
// probes saw.
func look(t *testing.T, browser, page string, large bool) []seen {
	dir := t.TempDir()
	print := strings.NewReplacer("@media screen and", "@media speech and", "@media print", "@media all").Replace(page)
	frames := ""
	for _, f := range []struct {
		width int
		page  string
		setup string
	}{
		{390, page, ""}, {768, page, ""}, {1280, page, ""}, {a4, print, "window.print = true;"},
		{dark, strings.ReplaceAll(page, "@media screen and (prefers-color-scheme:dark)", "@media screen"), ""},
		{broken, strings.Replace(page, "</main>", `<p style="width:900px;color:#777;background:#888">Wide <img src="http://127.0.0.1:9/x.png"></main>`, 1), ""},
	} {
		file := fmt.Sprintf("%d.html", f.width)
		write(t, filepath.Join(dir, file), withProbe(t, f.page, f.setup, large, !large || f.width == axeWidth))
		frames += fmt.Sprintf("<iframe src=%s style=\"width:%dpx;height:450px\"></iframe>\n", file, f.width)
	}
	host := filepath.Join(dir, "host.html")
	write(t, host, `<!doctype html><pre id=out></pre><script>
const out = [];
addEventListener("message", (e) => { out.push(e.data); document.getElementById("out").textContent = JSON.stringify(out); });
</script>`+frames)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	budget := "15000"
	if large {
		budget = "60000"
	}
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--user-data-dir="+filepath.Join(dir, "profile"), "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1300,1000", "--virtual-time-budget="+budget, "--dump-dom", "file://"+host)
	dom, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
	m := regexp.MustCompile(`(?s)<pre id="out">(.*?)</pre>`).FindSubmatch(dom)
	if m == nil {
		t.Fatalf("chromium printed no result: %.500s", dom)
	}
	var result []seen
	if err := json.Unmarshal([]byte(html.UnescapeString(string(m[1]))), &result); err != nil {
		t.Fatalf("the probes said %q: %v", m[1], err)
	}
	if n := strings.Count(frames, "<iframe"); len(result) != n {
		t.Fatalf("%d of %d frames answered", len(result), n)
	}
	return result
}

// listen gathers what goes wrong in a page: exceptions, and requests that leave
// it, which its policy forbids.
const listen = `"use strict";
window.errors = [];
addEventListener("error", (e) => errors.push(e.message));
addEventListener("unhandledrejection", (e) => errors.push(String(e.reason)));
addEventListener("securitypolicyviolation", (e) => errors.push("request of " + e.blockedURI));
`

// withProbe adds the probe, and axe-core where it is there, to a copy of a page.
func withProbe(t *testing.T, page, setup string, large, rules bool) string {
	var b strings.Builder
	b.WriteString("<script>" + listen + setup)
	axe := os.Getenv("CONVERGO_AXE")
	if !rules {
		axe = ""
	}
	if !large || axe == "" { // the rules take a minute as it is
		b.WriteString(`window.unfold="all";`)
	}
	searches := `["hypotheses; nearest","slope arora"]`
	if large {
		searches = `["no evidence","lambda_0 >= "]`
	}
	b.WriteString("window.searches=" + searches + ";")
	b.WriteString("</script>\n")
	b.WriteString(page)
	if axe != "" {
		code, err := os.ReadFile(axe)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("<script>" + string(code) + "</script>\n")
	}
	b.WriteString("<script>" + probe + "</script>\n")
	// The errors are listened for before the page has a script of its own.
	return strings.Replace(b.String(), "<!doctype html>", "", 1)
}

func write(t *testing.T, path, content string) {
	if err := os.WriteFile(path, []byte("<!doctype html>\n"+content), 0o600); err != nil {
		t.Fatal(err)
	}
}
