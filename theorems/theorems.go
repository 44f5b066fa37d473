// Package theorems lists the sources of claims: one package per paper, named by
// its key, and basics, the facts that every proof rests on.
//
// To add a source is to add a folder and a line in [All]. The file named by the
// key, theorems/author2024/author2024.go, opens with what the paper proves, its
// setting and a table of the paper's symbols and the code's, and holds
//
//	//go:embed *.go
//	var files embed.FS
//
//	func Source() checks.Source
//
// which lists the claims in the order of the paper and gives files as Files.
// One file per section of the paper follows, with one function per claim that
// returns a [checks.Claim]. The doc comment of that function is the statement
// that "convergo show" prints, so it states the claim whole, under these
// headings, each opening a paragraph:
//
//	Setting:     data, network, initialisation, loss
//	Hypotheses:  what must hold on an instance or a draw
//	Conclusion:  what is then claimed, with all constants
//	Constants:   where they come from; a proof sketch where they are ours
//	Convention:  scaling, sum or mean loss, initialisation scale
//	Reference:   paper and theorem number, or derived here
//	Control:     what is sabotaged, and why it must be caught
//
// The tests refuse a claim whose comment lacks one of them.
//
// A paper that says something computable about a data set (a width, a rate, a bound on the error) says it in a file
// predictions.go of its folder too,
//
//	func Predictions(d *predict.Data) []predict.Prediction
//
// with a line in predictors (predictions.go here): these are the rows of "convergo ask". Each row is true as it is
// stated: constants that the paper hides are of basis order, and what no data set shows is named in Supposes.
//
// A source imports no other source. What several of them need is in internal
// or, where it is mathematics, in package bounds or nets:
//
//	internal/twolayer  data with the limit kernel of a two-layer network, its certified eigenvalues and costs
//	internal/images    grids of built-in images
//	internal/userfile  data that the user brings
//	internal/curve     the curves that a trial draws
//	internal/ladder    passes over the ladders of claims on growth
//	internal/costs     what trials cost
package theorems

import (
	"embed"
	"path"

	"convergo/checks"
	"convergo/theorems/allenzhu2019"
	"convergo/theorems/allenzhu2019beyond"
	"convergo/theorems/arora2019exact"
	"convergo/theorems/arora2019fine"
	"convergo/theorems/basics"
	"convergo/theorems/bombari2022"
	"convergo/theorems/bowman2022"
	"convergo/theorems/cao2019"
	"convergo/theorems/cao2022"
	"convergo/theorems/du2019"
	"convergo/theorems/du2019deep"
	"convergo/theorems/elkabetz2021"
	"convergo/theorems/liao2022"
	"convergo/theorems/liu2022"
	"convergo/theorems/montanari2022"
	"convergo/theorems/munteanu2022"
	"convergo/theorems/nguyen2021"
	"convergo/theorems/shevchenko2023"
	"convergo/theorems/soltanolkotabi2019"
	"convergo/theorems/song2021"
	"convergo/theorems/song2024"
	"convergo/theorems/yang2023"
)

// internal is what the sources share: it counts for the digest of each.
//
//go:embed internal
var internal embed.FS

// All returns the sources, papers by year and key, the base facts last, each claim
// with its statement taken from its doc comment.
func All() ([]checks.Source, error) {
	sources := []checks.Source{
		allenzhu2019.Source(),
		allenzhu2019beyond.Source(),
		arora2019exact.Source(),
		arora2019fine.Source(),
		cao2019.Source(),
		du2019.Source(),
		du2019deep.Source(),
		soltanolkotabi2019.Source(),
		elkabetz2021.Source(),
		nguyen2021.Source(),
		song2021.Source(),
		bombari2022.Source(),
		bowman2022.Source(),
		cao2022.Source(),
		liao2022.Source(),
		liu2022.Source(),
		montanari2022.Source(),
		munteanu2022.Source(),
		shevchenko2023.Source(),
		yang2023.Source(),
		song2024.Source(),
		basics.Source(),
	}
	for i, s := range sources {
		var err error
		if sources[i], err = checks.Document(s, path.Join("theorems", s.Key), internal); err != nil {
			return nil, err
		}
	}
	return sources, nil
}
