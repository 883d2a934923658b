package ops_test

import (
	"fmt"
	"math"
	"testing"

	"golang.org/x/crypto/bcrypt"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/optest"
)

func call(t testing.TB, name string, args ...ops.Value) ops.Value {
	t.Helper()
	v, err := ops.LookupFunc(name).Eval(testEnv(), args)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

const donut = `{ type: "Polygon", coordinates: [[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]], [[1, 1], [3, 1], [3, 3], [1, 3], [1, 1]]] }`

func TestGeoRelations(t *testing.T) {
	for _, c := range []struct{ f, a, b, want string }{
		{"contains", donut, "[0.5, 0.5]", "true"}, {"contains", donut, "[2, 2]", "false"}, {"contains", donut, "[1, 2]", "true"},
		{"contains", donut, "[5, 5]", "false"}, {"contains", donut, "[4, 4]", "true"},
		{"contains", donut, `{ type: "LineString", coordinates: [[0.5, 2], [3.5, 2]] }`, "false"},
		{"contains", donut, `{ type: "LineString", coordinates: [[0.5, 0.5], [0.5, 3.5]] }`, "true"},
		{"contains", donut, `{ type: "Polygon", coordinates: [[[0, 0], [4, 0], [4, 1], [0, 1], [0, 0]]] }`, "true"},
		{"contains", donut, donut, "true"},
		{"within", "(0.5, 0.5)", donut, "true"},
		{"intersects", donut, `{ type: "LineString", coordinates: [[-1, 2], [5, 2]] }`, "true"},
		{"intersects", donut, `{ type: "LineString", coordinates: [[1.5, 1.5], [2.5, 2.5]] }`, "false"},
		{"intersects", donut, `{ type: "MultiPoint", coordinates: [[9, 9], [0, 0]] }`, "true"},
		{"disjoint", donut, `{ type: "GeometryCollection", geometries: [{ type: "Point", coordinates: [2, 2] }] }`, "true"},
		{"distance", donut, "[2, 0]", "0.0"},
	} {
		if got := call(t, "geo::"+c.f, optest.Parse(c.a), optest.Parse(c.b)); ops.Format(got) != c.want {
			t.Errorf("geo::%s(%s, %s) is %s", c.f, c.a, c.b, ops.Format(got))
		}
	}
}

func TestGeoRefuses(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"[200, 0]", "longitude 200.0"}, {"[0, 91]", "latitude 91.0"}, {"[1]", "not [longitude, latitude]"}, {`["a", 1]`, "not of numbers"},
		{`{ type: "Circle" }`, `type "Circle"`}, {`{ a: 1 }`, "type none"}, {"3", "is no geometry"}, {`{ type: "LineString", coordinates: [[0, 0]] }`, "1 positions"},
		{`{ type: "Polygon", coordinates: [[[0, 0], [1, 0], [1, 1], [0, 1]]] }`, "does not end"}, {`{ type: "Polygon", coordinates: [] }`, "without rings"},
		{`{ type: "MultiLineString", coordinates: 3 }`, "lacks coordinates"},
	} {
		_, err := ops.LookupFunc("geo::area").Eval(testEnv(), []ops.Value{optest.Parse(c.text)})
		if ops.CodeOf(err) != ops.CodeArgument || !contains(err.Error(), c.says) || !contains(err.Error(), "geo::area: argument 1") {
			t.Errorf("%s: %v", c.text, err)
		}
	}
}

func contains(s, part string) bool {
	return len(part) == 0 || len(s) >= len(part) && (s[:len(part)] == part || contains(s[1:], part))
}

// TestGeoTravel: one arrives where destination says, as far and in the direction that one set out; a geohash holds its point.
func TestGeoTravel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lon, lat := rapid.Float64Range(-179, 179).Draw(t, "lon"), rapid.Float64Range(-80, 80).Draw(t, "lat")
		bearing, far := rapid.Float64Range(-179, 179).Draw(t, "bearing"), rapid.Float64Range(1, 500_000).Draw(t, "far")
		eval := func(name string, args ...ops.Value) ops.Value {
			v, err := ops.LookupFunc(name).Eval(testEnv(), args)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		from := eval("geo::point", ops.Float(lon), ops.Float(lat))
		to := eval("geo::destination", from, ops.Float(bearing), ops.Float(far))
		if d := eval("geo::distance", from, to).AsFloat(); math.Abs(d-far) > 1e-3 {
			t.Fatalf("%g metres became %g", far, d)
		}
		if b := eval("geo::bearing", from, to).AsFloat(); math.Abs(b-bearing) > 0.01 {
			t.Fatalf("bearing %g became %g", bearing, b)
		}
		back := eval("geo::hash::decode", eval("geo::hash", from))
		if d := eval("geo::distance", from, back).AsFloat(); d > 1 {
			t.Fatalf("the geohash is %g metres away", d)
		}
	})
}

// TestPasswordsOfOthers: hashes that other programs made are understood, and ours are by them.
func TestPasswordsOfOthers(t *testing.T) {
	others, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	if !call(t, "crypto::bcrypt::compare", ops.String(string(others)), ops.String("secret")).AsBool() {
		t.Error("a hash of the library does not match")
	}
	ours := call(t, "crypto::bcrypt::generate", ops.String("secret")).AsString()
	if err := bcrypt.CompareHashAndPassword([]byte(ours), []byte("secret")); err != nil {
		t.Errorf("%s: %v", ours, err)
	}
	// The vectors of the reference implementation of Argon2 (version 1.3, id).
	reference := "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if !call(t, "crypto::argon2::compare", ops.String(reference), ops.String("password")).AsBool() {
		t.Error("the reference hash of Argon2 does not match")
	}
	if got := call(t, "crypto::blake3", ops.String("")).AsString(); got != "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262" {
		t.Errorf("BLAKE3 of nothing is %s", got)
	}
	for _, bad := range []string{"", "x", "$argon2id$v=19$m=9999999,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=64,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "$2b$31$" + fmt.Sprintf("%053d", 0), "$scrypt$ln=40,r=8,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA",
		"$pbkdf2-sha256$i=999999999,l=32$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA"} {
		for _, f := range []string{"argon2", "bcrypt", "scrypt", "pbkdf2"} {
			_, err := ops.LookupFunc("crypto::"+f+"::compare").Eval(testEnv(), []ops.Value{ops.String(bad), ops.String("x")})
			if ops.CodeOf(err) != ops.CodeArgument {
				t.Errorf("%s of %q: %v", f, bad, err)
			}
		}
	}
}
