package checks_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"convergo/checks"
)

// run checks hoeffding in a folder that is removed again.
func run(dir string) *checks.Records {
	profile, err := checks.ProfileByName("quick")
	if err != nil {
		log.Fatal(err)
	}
	sources := []checks.Source{{Key: "hoeffding1963", Title: "Probability Inequalities", Claims: []checks.Checkable{hoeffding()}}}
	rec, err := checks.Run(context.Background(), sources, checks.Options{Seed: 1, Alpha: 0.01, Profile: profile, Dir: dir})
	if err != nil {
		log.Fatal(err)
	}
	return rec
}

func scratch() (dir string, remove func()) {
	dir, err := os.MkdirTemp("", "convergo")
	if err != nil {
		log.Fatal(err)
	}
	return dir, func() {
		if err := os.RemoveAll(dir); err != nil {
			log.Fatal(err)
		}
	}
}

// A run appends its records to a folder; the verdicts follow from these alone.
func ExampleRun() {
	dir, remove := scratch()
	defer remove()
	s, err := checks.Summarize(run(dir))
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range s.Claims {
		fmt.Println(c.Info.ID, c.Verdict, "control caught:", c.Controls[0].Caught)
	}
	// Output: hoeffding1963/mean HOLDS control caught: true
}

// A finished run becomes a baseline, and a later run is held against it.
func ExampleCompare() {
	dir, remove := scratch()
	defer remove()
	rec := run(dir)
	baseline, err := checks.NewBaseline(rec, 0.01)
	if err != nil {
		log.Fatal(err)
	}
	c, err := checks.Compare(baseline, rec)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Changes[0].Claim, c.Changes[0].Kind, len(c.Regressions()))
	// Output: hoeffding1963/mean same 0
}

// The trial of a witness is run again from its line of JSON; this one is of the
// claim's control, which must fail.
func ExampleReplay() {
	w, err := checks.ParseWitness([]byte(`{"claim":"hoeffding1963/mean","control":"third-of-the-bound",` +
		`"params":{"N":100,"Delta":0.1},"seed":1,"trial":0,"trials":100,"version":"2","observed":0,"predicted":0}`))
	if err != nil {
		log.Fatal(err)
	}
	re, err := checks.Replay(hoeffding(), w)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(re.Reproduced, re.Result.Verdict)
	// Output: true REFUTED
}

// A measurement is judged by itself: the slack is prediction over observation.
func ExampleMeasurement() {
	m := checks.Measurement{Observed: 2, Predicted: 3}
	fmt.Println(m.Slack(), string(m.Status()))
	m.Relation = checks.AtLeast
	fmt.Printf("%.3g %c\n", m.Slack(), m.Status())
	// Output:
	// 1.5 h
	// 0.667 v
}

// Several conclusions of one trial become the one least in their favour.
func ExampleAll() {
	m := checks.All(
		checks.Measurement{Part: "rate", Observed: 0.9, Predicted: 0.95},
		checks.Measurement{Part: "movement", Observed: 2, Predicted: 9},
	)
	fmt.Printf("%s %.3f\n", m.Part, m.Slack())
	// Output: rate 1.056
}

// A hypothesis comes with its margin.
func ExampleRequire() {
	h := checks.Require("width", 2048, checks.AtLeast, 1e17)
	fmt.Printf("%v %.2g\n", h.Met(), h.Margin())
	// Output: false 2e-14
}

// Trial i of a claim has the same stream on any machine, in any order.
func ExampleStream() {
	a := checks.Stream(1, "du2019/gram-chernoff", []byte(`{"n":10}`), 7)
	b := checks.Stream(1, "du2019/gram-chernoff", []byte(`{"n":10}`), 7)
	fmt.Println(a.Uint64() == b.Uint64())
	// Output: true
}

// Claims are selected by ID, by source or by a pattern.
func ExampleSelect() {
	sources := []checks.Source{{Key: "hoeffding1963", Claims: []checks.Checkable{hoeffding()}}}
	_, err := checks.Select(sources, []string{"hoeffding1963/maen"})
	fmt.Println(err)
	// Output: no claim matches "hoeffding1963/maen"; did you mean hoeffding1963/mean? (list shows them all)
}
