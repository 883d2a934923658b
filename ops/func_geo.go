package ops

import (
	"math"
	"slices"
	"strings"
)

func geoFuncs() []Func {
	return slices.Concat(geoMaking(), geoMeasures(), geoRelations(), geoHashes())
}

func coordinates(p spot) Value { return List([]Value{Float(p.lon), Float(p.lat)}) }

func geoObject(kind string, coordinates Value) Value {
	return Object([]Member{{"type", String(kind)}, {"coordinates", coordinates}})
}

func geoPoint(p spot) Value { return geoObject("Point", coordinates(p)) }

// anyGeometry is the parameter of functions that take geometries: objects of GeoJSON, and pairs as points.
const anyGeometry = ": any"

func geoMaking() []Func {
	return []Func{
		fn("geo::point", []string{"longitude: float, latitude: float -> object"}, "The point of GeoJSON at a longitude and latitude in degrees.",
			"geo::point(-0.04, 51.55)", `{ type: "Point", coordinates: [-0.04, 51.55] }`, func(_ *Env, a []Value) (Value, error) {
				p, err := pointOf([]Value{List(a)}, 0)
				return geoPoint(p), err
			}),
		fn("geo::line", []string{"points: list -> object"}, "The line of GeoJSON through points, each [longitude, latitude] or a point.",
			"geo::line([[0, 0], [1, 1]])", `{ type: "LineString", coordinates: [[0.0, 0.0], [1.0, 1.0]] }`, func(_ *Env, a []Value) (Value, error) {
				ps, err := pointsOf(a[0].AsList(), 2)
				return geoObject("LineString", ps), err
			}),
		fn("geo::polygon", []string{"ring: list, holes?...: list -> object"}, "The polygon of GeoJSON with an outer ring and holes, each a list of points; rings are closed.",
			"geo::polygon([[0, 0], [1, 0], [1, 1]])", `{ type: "Polygon", coordinates: [[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]] }`, geoPolygon),
		fn("geo::is_valid", []string{"geometry: any -> bool"}, "Whether a value is a geometry: an object of GeoJSON with positions on earth and closed rings.",
			`geo::is_valid({ type: "Point", coordinates: [200, 0] })`, "false", func(_ *Env, a []Value) (Value, error) {
				if a[0].kind != KindObject {
					return Bool(false), nil
				}
				_, err := geometryOf(a, 0)
				return Bool(err == nil), nil
			}),
	}
}

func pointsOf(vs []Value, fewest int) (Value, error) {
	out := make([]Value, len(vs))
	for i, v := range vs {
		p, err := pointOf([]Value{v}, 0)
		if err != nil {
			return None, fault(0, "has %s where a point is wanted", shown(v))
		}
		out[i] = coordinates(p)
	}
	if len(out) < fewest {
		return None, fault(0, "has %d points, %d are the fewest", len(out), fewest)
	}
	return List(out), nil
}

func geoPolygon(_ *Env, a []Value) (Value, error) {
	rings := make([]Value, len(a))
	for i, r := range a {
		ps, err := pointsOf(r.AsList(), 3)
		if err != nil {
			return None, err
		}
		vs := ps.AsList()
		if !Equal(vs[0], vs[len(vs)-1]) {
			vs = append(slices.Clone(vs), vs[0])
		}
		if len(vs) < 4 {
			return None, fault(i, "has less than three points")
		}
		rings[i] = List(vs)
	}
	return geoObject("Polygon", List(rings)), nil
}

// geo1 makes a function of one geometry.
func geo1(name, result, doc, example, gives string, f func(g *geometry) (Value, error)) Func {
	return fn("geo::"+name, []string{"geometry" + anyGeometry + " -> " + result}, doc, example, gives, func(_ *Env, a []Value) (Value, error) {
		if a[0].IsNone() {
			return None, nil
		}
		g, err := geometryOf(a, 0)
		if err != nil {
			return None, err
		}
		return f(g)
	})
}

// geo2 makes a function of two geometries.
func geo2(name, result, doc, example, gives string, f func(g, h *geometry) Value) Func {
	return fn("geo::"+name, []string{"a" + anyGeometry + ", b" + anyGeometry + " -> " + result}, doc, example, gives, func(_ *Env, a []Value) (Value, error) {
		if a[0].IsNone() || a[1].IsNone() {
			return None, nil
		}
		g, err := geometryOf(a, 0)
		if err != nil {
			return None, err
		}
		h, err := geometryOf(a, 1)
		if err != nil {
			return None, err
		}
		if g.tooLargeWith(h) {
			return None, faultOf(CodeTooLarge, -1, "the geometries have more than %d pairs of positions", maxPairs)
		}
		return f(g, h), nil
	})
}

const unitSquare = "geo::polygon([[0, 0], [1, 0], [1, 1], [0, 1]])"

func geoMeasures() []Func {
	return []Func{
		geo2("distance", "float?", "The distance in metres, over the ground of a sphere, between a point and a geometry: 0 within an area. One of the two is a point.",
			"math::round(geo::distance([-0.1276, 51.5072], [2.3522, 48.8566]))", "343530.0", func(g, h *geometry) Value {
				if len(g.points) == 1 && len(g.lines)+len(g.areas) == 0 {
					g, h = h, g
				}
				if len(h.points) != 1 || len(h.lines)+len(h.areas) > 0 {
					return None
				}
				return Float(g.distanceTo(h.points[0]))
			}),
		geo1("area", "float?", "The area of polygons in square metres; of other geometries 0.", "math::round(geo::area("+unitSquare+"), -6)", "12364000000.0",
			func(g *geometry) (Value, error) {
				sum := 0.0
				for _, rings := range g.areas {
					sum += areaOf(rings[0])
					for _, hole := range rings[1:] {
						sum -= areaOf(hole)
					}
				}
				return finiteFloat(max(0, sum))
			}),
		geo1("length", "float?", "The length in metres of lines, and of the rings of polygons.", "math::round(geo::length(geo::line([[0, 0], [0, 1]])))", "111195.0",
			func(g *geometry) (Value, error) {
				sum := 0.0
				g.segments(func(a, b spot) bool {
					sum += metres(a, b)
					return true
				})
				return finiteFloat(sum)
			}),
		fn("geo::bearing", []string{"from: any, to: any -> float?"}, "The direction from one point to another where one sets out, in degrees clockwise from north, from -180 to 180.",
			"geo::bearing([0, 0], [1, 0])", "90.0", geoBearing),
		fn("geo::destination", []string{"from: any, bearing: float, metres: float -> object?"}, "The point that one reaches from a point in a direction (degrees clockwise from north) after so many metres.",
			"geo::destination([10, 20], 0, 0)", `{ type: "Point", coordinates: [10.0, 20.0] }`, geoDestination),
		geo1("centroid", "object?", "The point in the middle: the centre of areas, else of lines, else of points, in degrees.", "geo::centroid("+unitSquare+")",
			`{ type: "Point", coordinates: [0.5, 0.5] }`, func(g *geometry) (Value, error) { return geoPoint(g.centroid()), nil }),
		geo1("bbox", "[float]", "The least and greatest longitude and latitude: [west, south, east, north].", "geo::bbox(geo::line([[3, 1], [0, 2]]))", "[0.0, 1.0, 3.0, 2.0]",
			func(g *geometry) (Value, error) {
				all := g.vertices()
				if len(all) == 0 {
					return None, nil
				}
				lo, hi := all[0], all[0]
				for _, p := range all {
					lo = spot{min(lo.lon, p.lon), min(lo.lat, p.lat)}
					hi = spot{max(hi.lon, p.lon), max(hi.lat, p.lat)}
				}
				return List([]Value{Float(lo.lon), Float(lo.lat), Float(hi.lon), Float(hi.lat)}), nil
			}),
	}
}

func twoPoints(a []Value) (p, q spot, err error) {
	if p, err = pointOf(a, 0); err == nil {
		q, err = pointOf(a, 1)
	}
	return p, q, err
}

func geoBearing(_ *Env, a []Value) (Value, error) {
	if a[0].IsNone() || a[1].IsNone() {
		return None, nil
	}
	p, q, err := twoPoints(a)
	if err != nil {
		return None, err
	}
	dLon := radians(q.lon - p.lon)
	y := math.Sin(dLon) * math.Cos(radians(q.lat))
	x := math.Cos(radians(p.lat))*math.Sin(radians(q.lat)) - math.Sin(radians(p.lat))*math.Cos(radians(q.lat))*math.Cos(dLon)
	return finiteFloat(math.Atan2(y, x) * 180 / math.Pi)
}

func geoDestination(_ *Env, a []Value) (Value, error) {
	if a[0].IsNone() {
		return None, nil
	}
	p, err := pointOf(a, 0)
	if err != nil {
		return None, err
	}
	bearing, err := float(a, 1)
	if err != nil {
		return None, err
	}
	far, err := float(a, 2)
	if err != nil {
		return None, err
	}
	angle, towards, lat := far/earthRadius, radians(bearing), radians(p.lat)
	end := math.Asin(max(-1, min(1, math.Sin(lat)*math.Cos(angle)+math.Cos(lat)*math.Sin(angle)*math.Cos(towards))))
	lon := radians(p.lon) + math.Atan2(math.Sin(towards)*math.Sin(angle)*math.Cos(lat), math.Cos(angle)-math.Sin(lat)*math.Sin(end))
	degrees := math.Mod(lon*180/math.Pi+540, 360) - 180
	if degrees < -180 {
		degrees += 360
	}
	return geoPoint(spot{degrees, end * 180 / math.Pi}), nil
}

// centroid is the middle of what has the most dimensions: each part counts by its area, its length, or as one.
func (g *geometry) centroid() spot {
	var lon, lat, weight float64
	add := func(p spot, w float64) { lon, lat, weight = lon+p.lon*w, lat+p.lat*w, weight+w }
	for _, rings := range g.areas {
		for i, ring := range rings {
			c, area := ringCentre(ring)
			if i > 0 {
				area = -area
			}
			add(c, area)
		}
	}
	if weight == 0 {
		g.segments(func(a, b spot) bool {
			add(spot{(a.lon + b.lon) / 2, (a.lat + b.lat) / 2}, math.Hypot(b.lon-a.lon, b.lat-a.lat))
			return true
		})
	}
	if weight == 0 {
		for _, p := range g.vertices() {
			add(p, 1)
		}
	}
	if weight == 0 {
		return spot{}
	}
	return spot{lon / weight, lat / weight}
}

// ringCentre is the centre of a ring and its area, in degrees.
func ringCentre(ring []spot) (centre spot, area float64) {
	origin := ring[0]
	for i := 1; i < len(ring); i++ {
		p, q := ring[i-1], ring[i]
		w := cross(origin, p, q) / 2
		area += w
		centre.lon += w * (origin.lon + p.lon + q.lon) / 3
		centre.lat += w * (origin.lat + p.lat + q.lat) / 3
	}
	if area == 0 {
		return origin, 0
	}
	return spot{centre.lon / area, centre.lat / area}, math.Abs(area)
}

func geoRelations() []Func {
	contains := func(g, h *geometry) Value { return Bool(g.contains(h)) }
	return []Func{
		geo2("contains", "bool?", "Whether all of the second geometry lies in the first, edges included.", "geo::contains("+unitSquare+", [0.5, 0.5])", "true", contains),
		geo2("within", "bool?", "Whether all of the first geometry lies in the second, edges included.", "geo::within([2, 0], "+unitSquare+")", "false",
			func(g, h *geometry) Value { return contains(h, g) }),
		geo2("intersects", "bool?", "Whether two geometries have a position in common.", "geo::intersects("+unitSquare+", geo::line([[-1, -1], [2, 2]]))", "true",
			func(g, h *geometry) Value { return Bool(g.intersects(h)) }),
		geo2("disjoint", "bool?", "Whether two geometries have no position in common.", "geo::disjoint([0, 0], [1, 1])", "true",
			func(g, h *geometry) Value { return Bool(!g.intersects(h)) }),
	}
}

// ---- geohash: bits of longitude and latitude in turn, five to a letter

const geohashLetters = "0123456789bcdefghjkmnpqrstuvwxyz"

func geoHashes() []Func {
	encode := func(name, doc string) Func {
		return fn("geo::"+name, []string{"point: any, letters?: int -> string?"}, doc, "geo::"+name+"([-0.1276, 51.5072], 6)", `"gcpvj0"`, geohashEncode)
	}
	return []Func{
		encode("hash", "The geohash of a point, of 12 letters or so many (1 to 12): points that begin alike lie near."),
		encode("hash::encode", "The geohash of a point: SurrealQL's name for geo::hash."),
		fn("geo::hash::decode", []string{"hash: string -> object"}, "The point in the middle of the cell that a geohash names.", `geo::hash::decode("mpuxk4s24f51")`,
			`{ type: "Point", coordinates: [51.50986494496465, -0.11809204705059528] }`, geohashDecode),
	}
}

func geohashEncode(_ *Env, a []Value) (Value, error) {
	if a[0].IsNone() {
		return None, nil
	}
	p, err := pointOf(a, 0)
	if err != nil {
		return None, err
	}
	n := 12
	if len(a) > 1 {
		if n, err = intIn(a, 1, 1, 12); err != nil {
			return None, err
		}
	}
	lo, hi := spot{-180, -90}, spot{180, 90}
	out := make([]byte, n)
	for i := range 5 * n {
		bit := geohashHalve(&lo, &hi, i, func(mid float64, even bool) bool {
			if even {
				return p.lon >= mid
			}
			return p.lat >= mid
		})
		out[i/5] = out[i/5]<<1 | bit
	}
	for i, c := range out {
		out[i] = geohashLetters[c]
	}
	return String(string(out)), nil
}

// geohashHalve keeps the half of a cell that upper chooses, by longitude for even bits.
func geohashHalve(lo, hi *spot, i int, upper func(mid float64, even bool) bool) byte {
	l, h := &lo.lon, &hi.lon
	if i%2 != 0 {
		l, h = &lo.lat, &hi.lat
	}
	mid := (*l + *h) / 2
	if upper(mid, i%2 == 0) {
		*l = mid
		return 1
	}
	*h = mid
	return 0
}

func geohashDecode(_ *Env, a []Value) (Value, error) {
	s := strings.ToLower(a[0].AsString())
	if len(s) == 0 || len(s) > 24 {
		return None, fault(0, "is no geohash: that has 1 to 24 letters")
	}
	lo, hi := spot{-180, -90}, spot{180, 90}
	for i := range 5 * len(s) {
		c := strings.IndexByte(geohashLetters, s[i/5])
		if c < 0 {
			return None, fault(0, "is no geohash: it has no %q", s[i/5])
		}
		geohashHalve(&lo, &hi, i, func(float64, bool) bool { return c>>(4-i%5)&1 != 0 })
	}
	return geoPoint(spot{(lo.lon + hi.lon) / 2, (lo.lat + hi.lat) / 2}), nil
}
