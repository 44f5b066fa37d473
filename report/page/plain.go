package page

import (
	"fmt"
	"html"
	"io"
)

// Plain writes a self-contained page of the given body, which is HTML, in the style of the page of a run.
func Plain(w io.Writer, title, body string) error {
	_, err := fmt.Fprintf(w, `<!doctype html>
<html lang=en>
<head>
<meta charset=utf-8>
<meta name=viewport content="width=device-width, initial-scale=1">
<meta name=color-scheme content="light dark">
<meta http-equiv=Content-Security-Policy content="%s">
<link rel=icon href="data:,">
<title>Convergo: %s</title>
<style>
%s</style>
</head>
<body>
<main>
%s</main>
</body>
</html>
`, policy, html.EscapeString(title), css, body)
	return err
}
