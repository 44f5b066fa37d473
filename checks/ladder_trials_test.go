package checks

import "testing"

// A profile with more passes than quick makes as many times more of a claim that says its passes; one with fewer does not
// take any away.
func TestLadderTrials(t *testing.T) {
	for _, tt := range []struct {
		profile  string
		says     int
		want, at int
	}{
		{"test", 0, 12, 6}, {"quick", 0, 16, 8}, {"standard", 0, 24, 12}, {"deep", 0, 48, 24},
		{"test", 40, 40, 20}, {"quick", 40, 40, 20}, {"standard", 40, 60, 30}, {"deep", 40, 120, 60},
		{"quick", 1, 1, 2}, {"quick", 5000, 1000, 500},
	} {
		p := profileNamed(t, tt.profile)
		if most, least := ladderTrials(Terms{Trials: tt.says}, p.Budget); most != tt.want || least != tt.at {
			t.Errorf("%s, %d passes said: %d, %d at least; want %d, %d", tt.profile, tt.says, most, least, tt.want, tt.at)
		}
	}
}

func profileNamed(t *testing.T, name string) Profile {
	t.Helper()
	for _, p := range Profiles() {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no profile %q", name)
	return Profile{}
}
