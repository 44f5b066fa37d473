package checks

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func FuzzDecodeLine(f *testing.F) {
	const plan = "0123456789abcdef"
	m := Manifest{Plan: plan, Units: 1, Claims: []Info{{ID: "test/a", Form: "always", Controls: []ControlInfo{{Name: "c"}}}}}
	key := UnitKey{Claim: "test/a"}
	for _, l := range []line{
		{Unit: &UnitRecord{UnitKey: key, Params: json.RawMessage(`{"n":1}`), Planned: 3}},
		{Block: &BlockRecord{UnitKey: key, Status: "hvu", Observed: []Float{1, 2, 3}, Predicted: []Float{1}, End: true}},
		{Block: &BlockRecord{UnitKey: key, Status: "he", Sizes: []Float{1, 2}, Values: [][]Float{{1, 2}, nil}, Error: "x"}},
		{Search: &SearchRecord{Claim: "test/a", Witness: &Witness{Claim: "test/a"}}},
	} {
		b, err := l.encode(plan)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[:len(b)-1])
	}
	f.Add([]byte("00000000 {}"))
	f.Add([]byte("x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		// The body as it is, and with a checksum that fits, since a fuzzer will
		// not find one.
		if len(b) > 9 {
			withSum := append([]byte(checksum(plan, b[9:])+" "), b[9:]...)
			tryLine(t, m, withSum)
		}
		tryLine(t, m, b)
	})
}

func tryLine(t *testing.T, m Manifest, b []byte) {
	l, err := decodeLine(b, m.Plan)
	if err != nil {
		return
	}
	again, err := l.encode(m.Plan)
	if err != nil {
		t.Fatalf("%q decodes but does not encode: %v", b, err)
	}
	if _, err := decodeLine(bytes.TrimSuffix(again, []byte("\n")), m.Plan); err != nil {
		t.Fatalf("%q becomes %q: %v", b, again, err)
	}
	rec := newRecords("", m)
	if l.Block != nil {
		opening := line{Unit: &UnitRecord{UnitKey: l.Block.UnitKey, Params: json.RawMessage("{}")}}
		if err := rec.add(opening); err != nil {
			return
		}
	}
	if err := rec.add(l); err == nil {
		rec.complete()
	}
}

func FuzzManifest(f *testing.F) {
	good, err := Manifest{Format: manifestFormat, Version: Version, Units: 3, Shard: &Shard{1, 2}, Claims: []Info{{ID: "test/a"}}}.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("{}"))
	f.Add([]byte(`{"format":"convergo run","version":"2","shard":{"index":0,"count":0}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseManifest(b)
		if err != nil {
			return
		}
		again, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := parseManifest(again)
		if err != nil || back.sum() != m.sum() {
			t.Fatalf("%q becomes %q: %v", b, again, err)
		}
	})
}

func FuzzParseWitness(f *testing.F) {
	w := Witness{Claim: "test/a", Params: json.RawMessage(`{"n":1}`), Seed: 1, Version: Version, Relation: AtMost, Observed: 2, Predicted: 1}
	f.Add([]byte(w.String()))
	f.Add([]byte(`{"claim":"a","params":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := ParseWitness(b)
		if err != nil {
			return
		}
		if again, err := ParseWitness([]byte(w.String())); err != nil || again.String() != w.String() {
			t.Fatalf("%q becomes %s: %v", b, w, err)
		}
	})
}

func FuzzParseBaseline(f *testing.F) {
	f.Add(baselineHeader + "\n# alpha=0.01 seed=1 profile=quick engine=1 code=-\n# claim\n" +
		"a/b v1 HOLDS 1/1 20 1.5 [1,2] [NaN,NaN]\na/c v2 REFUTED 0/2 7 0.5 [-Inf,+Inf] [0,0.1]\n")
	f.Add("")
	f.Add(baselineHeader + "\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := ParseBaseline("baseline.txt", strings.NewReader(text))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "baseline.txt") {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		var out, again bytes.Buffer
		if err := b.Write(&out); err != nil {
			t.Fatal(err)
		}
		back, err := ParseBaseline("baseline.txt", bytes.NewReader(out.Bytes()))
		if err != nil {
			t.Fatalf("%q becomes %q: %v", text, out.String(), err)
		}
		if err := back.Write(&again); err != nil {
			t.Fatal(err)
		}
		if again.Len() == 0 || len(back.Lines) != len(b.Lines) {
			t.Fatalf("%q becomes %q", out.String(), again.String())
		}
	})
}
