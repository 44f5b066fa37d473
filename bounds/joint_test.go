package bounds

import (
	"math"
	"strings"
	"testing"
)

func TestCertifyJoint(t *testing.T) {
	in := Instance{Width: 400, S: 1.5, LambdaMin0: 0.3, Residual0: 0.4}
	c, err := CertifyJoint(in, 2, 0.1)
	if err != nil {
		t.Fatal(err)
	}
	// The radii solve the two inequalities of the movements with equality: found by iterating them.
	lambda := 0.81 * 0.3
	reach := 0.4 / (20 * lambda)
	var w, a float64
	for range 200 {
		w, a = (1+a)*1.5*reach, (2+1.5*w)*reach
	}
	for _, v := range []struct {
		what      string
		got, want float64
	}{
		{"R_w", c.RadiusW, w}, {"R_a", c.RadiusA, a}, {"lambda", c.LambdaMin, lambda}, {"allowed", c.Allowed, 0.1 * math.Sqrt(0.3)},
		{"loss", c.Loss(0.04), (1+a)*1.5*0.2 + a*1.5},
	} {
		if !(math.Abs(v.got-v.want) <= 1e-13) {
			t.Errorf("%s: %v, want %v", v.what, v.got, v.want)
		}
	}
	wild := in
	wild.Residual0 = 100
	for want, f := range map[string]func() error{
		"theta":        func() error { _, err := CertifyJoint(in, 2, 1); return err },
		"largest":      func() error { _, err := CertifyJoint(in, -1, 0.1); return err },
		"feed":         func() error { _, err := CertifyJoint(wild, 2, 0.1); return err },
		"at least one": func() error { _, err := CertifyJoint(Instance{S: 1, LambdaMin0: 1}, 2, 0.1); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}

// One input without flips: the flow is a hyperbolic rotation of (relu(z_r), a_r) by s = int e/sqrt m. The radii are above what it reaches.
func TestJointRadiiCoverOneInput(t *testing.T) {
	const m, e0, theta = 100, 0.5, 0.2
	in := Instance{Width: m, S: 1, LambdaMin0: 1, Residual0: e0}
	c, err := CertifyJoint(in, 1, theta)
	if err != nil {
		t.Fatal(err)
	}
	// All neurons active with z = 1 and a = -1: H + G = 2 at first, and e falls to 0 as sum a_r z_r rises by sqrt m e0.
	z, a, e := 1.0, -1.0, -e0
	h := 1e-4
	for range 200000 {
		dz, da := -a*e/10, -z*e/10
		z, a = z+h*dz, a+h*da
		e = 10*a*z + 10 - e0
	}
	if !(math.Abs(e) <= 1e-6) || !(math.Abs(z-1) <= c.RadiusW) || !(math.Abs(a+1) <= c.RadiusA) {
		t.Errorf("e = %v, z moved by %v of %v, a by %v of %v", e, z-1, c.RadiusW, a+1, c.RadiusA)
	}
	if math.Abs(a+1) < c.RadiusA/4 {
		t.Errorf("a moved by %v, far below %v", a+1, c.RadiusA)
	}
}
