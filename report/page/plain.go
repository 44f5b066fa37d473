package page

import "io"

// Plain writes a self-contained page of the given body, which is HTML, in the style of the page of a run.
func Plain(w io.Writer, title, body string) error {
	_, err := io.WriteString(w, preamble(title)+"<main>\n"+body+"</main>\n</body>\n</html>\n")
	return err
}
