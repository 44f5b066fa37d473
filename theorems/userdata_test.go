package theorems

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"convergo/checks"
)

const cases = "../testdata/data/cases/"

// on runs claims on a file and returns the outcomes on it, and what was read.
func on(t *testing.T, args ...string) (s *checks.Summary, own []checks.InstanceOutcome, read string) {
	t.Helper()
	var out, errs bytes.Buffer
	args = append(append([]string{"verify", "--json", "--out", t.TempDir()}, args...), "--workers", "2")
	if code := Suite().Run(t.Context(), args, &out, &errs); code > 1 {
		t.Fatalf("%v: status %d: %s", args, code, &errs)
	}
	s = new(checks.Summary)
	if err := json.Unmarshal(out.Bytes(), s); err != nil {
		t.Fatal(err)
	}
	for _, c := range s.Claims {
		for _, p := range c.Problems {
			t.Errorf("%v: %s: %s", args, c.Info.ID, p)
		}
		for _, o := range c.Instances {
			if o.File != "" {
				own = append(own, o)
			}
		}
	}
	return s, own, errs.String()
}

// TestCases runs claims on small files in the shape of what people have.
func TestCases(t *testing.T) {
	for _, tt := range []struct {
		file, claim, label string
		rows               int
		lambda0            float64 // 0: not looked at
		verdict            checks.Verdict
		says               string
	}{
		{"label-as-feature.csv", "du2019/kernel-positive", "last", 5, 0.00317139, checks.Holds, "5 rows of 2 columns; label y"},
		{"unrelated-labels-01.csv", "arora2019fine/label-measure", "last", 40, 0, checks.Undecided, "1 as +1, 0 as -1"},
		{"unrelated-labels-pm1.csv", "arora2019fine/label-measure", "last", 40, 0, checks.Undecided, "1 as +1, -1 as -1"},
		{"unrelated-labels-01.csv", "arora2019fine/label-steps", "last", 40, 0, checks.Undecided, ""},
		{"unrelated-labels-pm1.csv", "arora2019fine/label-steps", "last", 40, 0, checks.Undecided, ""},
		{"sorted-class-zero-first.csv", "arora2019fine/label-training", "last", 20, 0, checks.Holds, "2 classes (0: 25, 1: 15)"},
		{"xy-float.npz", "arora2019fine/label-measure", "", 40, 0, "", "samples from array X of X, y), 40 rows of 5 columns; label y"},
		{"late-duplicate.csv", "du2019/kernel-positive", "", 200, 0, checks.Holds, "1 row equal to an earlier one left out"},
		{"pandas-index-column.csv", "basics/separation-lower", "last", 40, 0, checks.Holds, "unnamed first column left out as an index"},
		{"pandas-fortran.npy", "du2019/kernel-positive", "", 40, 0, checks.Holds, "NPY, 40 rows of 5 columns"},
		{"uint8.npy", "du2019/kernel-positive", "", 40, 0, checks.Holds, "NPY, 40 rows of 5 columns"},
		{"semicolon.csv", "du2019/kernel-positive", "", 6, 0, checks.Holds, "separator semicolon, header in the first line"},
		{"mixed-header.csv", "du2019/kernel-positive", "", 4, 0, checks.Holds, "scikit-learn's header in the first line"},
		{"five-rows.csv", "munteanu2022/no-flip-scale", "last", 5, 0, checks.Holds, "all 5 used"},
	} {
		t.Run(tt.file+" "+tt.claim, func(t *testing.T) {
			args := []string{tt.claim, "--data", cases + tt.file}
			if tt.label != "" {
				args = append(args, "--label", tt.label)
			}
			_, own, read := on(t, args...)
			if len(own) == 0 || !strings.Contains(read, tt.says) {
				t.Fatalf("%d instances; read %s; want %q", len(own), read, tt.says)
			}
			for _, o := range own {
				var p struct{ Data struct{ N int } }
				if err := json.Unmarshal(o.Params, &p); err != nil {
					t.Fatal(err)
				}
				if p.Data.N != tt.rows || !o.Inside || tt.verdict != "" && o.Result.Verdict != tt.verdict {
					t.Errorf("%d rows, inside: %v, %s (%s); want %d rows, %s", p.Data.N, o.Inside, o.Result.Verdict, o.Result.Reason, tt.rows, tt.verdict)
				}
				if i := slices.IndexFunc(o.Facts, func(f checks.Fact) bool { return f.Name == "lambda_0" }); tt.lambda0 > 0 && (i < 0 || !(math.Abs(float64(o.Facts[i].Value)/tt.lambda0-1) <= 1e-5)) {
					t.Errorf("facts %v, want lambda_0 = %v", o.Facts, tt.lambda0)
				}
			}
		})
	}
}

// TestDuplicatesByChoice keeps a repeated row, on which every kernel is singular.
func TestDuplicatesByChoice(t *testing.T) {
	_, own, read := on(t, "du2019/kernel-positive", "--data", cases+"late-duplicate.csv", "--duplicates", "keep", "--rows", "0")
	if len(own) != 1 || !strings.Contains(read, "1 row equal to an earlier one kept; rows scaled to norm 1; all 250 used") {
		t.Errorf("%+v; %s", own, read)
	}
}

// TestStagedElsewhere runs two shards on copies of a file in different places: they merge, whatever the order.
func TestStagedElsewhere(t *testing.T) {
	content, err := os.ReadFile(cases + "five-rows.csv")
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) {
		t.Helper()
		var out bytes.Buffer
		if code := Suite().Run(t.Context(), args, &out, &out); code != 0 {
			t.Fatalf("%v: status %d: %s", args, code, &out)
		}
	}
	dir := t.TempDir()
	var shards []string
	for i, name := range []string{"a/five.csv", "b/staged.csv"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		shards = append(shards, filepath.Join(dir, "shard"+string(rune('0'+i))))
		run("verify", "munteanu2022/no-flip-scale", "--shard", string(rune('0'+i))+"/2", "--out", shards[i], "--data", path, "--label", "last")
	}
	// A resumed shard finds the file at the other place.
	run("verify", "munteanu2022/no-flip-scale", "--shard", "0/2", "--out", shards[0], "--data", filepath.Join(dir, "b/staged.csv"), "--label", "last")
	run("verify", "munteanu2022/no-flip-scale", "--out", filepath.Join(dir, "whole"), "--data", cases+"five-rows.csv", "--label", "last")
	run("merge", "--out", filepath.Join(dir, "ab"), shards[0], shards[1])
	run("merge", "--out", filepath.Join(dir, "ba"), shards[1], shards[0])
	for _, file := range []string{"records.jsonl", "manifest.json"} {
		read := func(name string) string {
			b, err := os.ReadFile(filepath.Join(dir, name, file))
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		if read("ab") != read("ba") || file == "records.jsonl" && read("ab") != read("whole") {
			t.Errorf("%s differs", file)
		}
	}
}

// TestReplayOnData replays parameters on a file by its digest, wherever it lies.
func TestReplayOnData(t *testing.T) {
	_, own, _ := on(t, "du2019/kernel-positive", "--data", cases+"label-as-feature.csv", "--label", "last")
	if len(own) != 1 || strings.Contains(string(own[0].Params), "cases") {
		t.Fatalf("%+v: a path is in the parameters", own)
	}
	witness := (&checks.Witness{Claim: "du2019/kernel-positive", Params: own[0].Params, Seed: 1, Version: checks.Version}).String()
	var out bytes.Buffer
	if code := Suite().Run(t.Context(), []string{"replay", witness}, &out, &out); code != 3 || !strings.Contains(out.String(), "--data") {
		t.Errorf("without the file: status %d: %s", code, &out)
	}
	out.Reset()
	moved := filepath.Join(t.TempDir(), "moved")
	content, err := os.ReadFile(cases + "label-as-feature.csv")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(moved, content, 0o666); err != nil {
		t.Fatal(err)
	}
	if code := Suite().Run(t.Context(), []string{"replay", witness, "--data", moved}, &out, &out); code != 0 || !strings.Contains(out.String(), "0.00317139") {
		t.Errorf("with the file: status %d: %s", code, &out)
	}
}

// TestMendedWitnesses replays what searches of profile deep took for violations, and what broke them: rounding that the claims
// had not allowed for, and an overflow.
func TestMendedWitnesses(t *testing.T) {
	for _, witness := range []string{
		`{"claim":"cao2019/sgd-identity","params":{"data":{"kind":"basis","n":1,"d":4,"seed":1,"labels":"alternate"},"l":3,"m":3,"eta":0.01,"distance":0,"toward":"labels"},"seed":2,"trial":5,"trials":6,"version":"2"}`,
		`{"claim":"du2019deep/one-step","params":{"data":{"kind":"sphere","n":2,"d":1,"seed":1,"labels":"sign"},"activation":"identity","layers":1,"m":1,"size":100,"eta":3,"train":true,"random":true},"seed":3,"trial":4,"trials":5,"version":"2"}`,
		`{"claim":"liu2022/defect","params":{"data":{"kind":"basis","n":1,"d":5,"seed":14,"labels":"planted","label_scale":0.0001},"m":22,"method":"descent","steps":14},"seed":3,"trial":5,"trials":6,"version":"2"}`,
		`{"claim":"yang2023/gram-chernoff","params":{"data":{"kind":"sphere","n":1,"d":2,"labels":"const"},"bias":1.1125369292536007e-308,"eps":0.5,"delta":0.3},"seed":2,"version":"2"}`,
	} {
		var out bytes.Buffer
		code := Suite().Run(t.Context(), []string{"replay", witness}, &out, &out)
		if code != 0 || strings.Contains(out.String(), "is reproduced") || strings.Contains(out.String(), "REFUTED") {
			t.Errorf("%s\nstatus %d: %s", witness, code, &out)
		}
	}
}

// TestHostileData runs all claims on files that are of little use: none fails, and none is refuted.
func TestHostileData(t *testing.T) {
	for _, tt := range []struct {
		name, content string
		args          []string
		always        bool // also without being asked for
	}{
		{"labels of 1e300", "1,2,1e300\n2,1,-1e300\n3,1,2e299\n1,5,7e298\n", []string{"--label", "last"}, false},
		{"raw labels of 1e149", "1,2,1e149\n2,1,-1e149\n3,1,2e148\n1,5,7e147\n", []string{"--label", "last", "--label-coding", "raw"}, false},
		{"zero labels", "1,2,0\n2,1,0\n3,1,0\n", []string{"--label", "last", "--label-coding", "raw"}, false},
		{"one row", "1,2,3\n", []string{"--label", "none"}, false},
		{"one row and its label", "1,2,3\n", []string{"--label", "last", "--label-coding", "raw"}, true},
		{"one column", "1\n-2\n3\n", []string{"--label", "none"}, false},
		{"two rows", "1,2,5\n2,1,6\n", []string{"--label", "last"}, false},
		{"opposite rows", "1,2,5\n-1,-2,6\n2,1,6\n", []string{"--label", "last"}, false},
		{"repeated rows kept", "1,2,1\n1,2,-1\n2,1,1\n", []string{"--label", "last", "--duplicates", "keep"}, true},
		{"nearly equal rows", "1,2,1\n1,2.0000000001,-1\n2,1,1\n", []string{"--label", "last"}, false},
		{"few rows of many classes", "1,2,a\n2,1,b\n1,1,c\n5,1,d\n", []string{"--label", "last"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !tt.always && os.Getenv("CONVERGO_ALL_FILES") == "" {
				t.Skip("set CONVERGO_ALL_FILES=1: all eleven files take half a minute of processor time")
			}
			path := filepath.Join(t.TempDir(), "hostile.csv")
			if err := os.WriteFile(path, []byte(tt.content), 0o666); err != nil {
				t.Fatal(err)
			}
			s, _, _ := on(t, append([]string{"--data", path, "--only-data", "--header", "no"}, tt.args...)...)
			for _, c := range s.Claims {
				if c.Verdict == checks.Refuted {
					t.Errorf("%s: refuted: %s", c.Info.ID, c.Reason)
				}
			}
		})
	}
}
