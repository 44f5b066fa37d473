package command

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"convergo/checks"
	"convergo/report/table"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// terminalOptions fits a table to the terminal; in a pipe its width is
// unlimited and it has no colour.
func terminalOptions(w io.Writer) table.Options {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return table.Options{}
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width = 0
	}
	return table.Options{Width: width, Color: colourful(os.Getenv)}
}

// colourful reports whether a terminal is to get colours.
func colourful(getenv func(string) string) bool {
	return getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
}

// progress shows how far a run is, on a terminal alone.
type progress struct {
	w   io.Writer
	mu  sync.Mutex
	bar *progressbar.ProgressBar
	tty bool
}

func newProgress(w io.Writer) *progress {
	f, ok := w.(*os.File)
	return &progress{w: w, tty: ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"}
}

func (p *progress) event(e checks.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Note != "" {
		fmt.Fprintln(p.w, e.Note)
	}
	if !p.tty {
		return
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions(e.Total, progressbar.OptionSetWriter(p.w), progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	}
	p.bar.Describe(e.What)
	_ = p.bar.Set(e.Done) // a bar that cannot be drawn must not end a run
}

func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
