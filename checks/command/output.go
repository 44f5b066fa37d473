package command

import (
	"io"

	"convergo/report/outfile"
)

// writeTo writes a whole file, or to stdout for "-".
func writeTo(path string, stdout io.Writer, write func(io.Writer) error) error {
	if path == "-" {
		return write(stdout)
	}
	return outfile.Write(path, write)
}
