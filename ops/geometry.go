package ops

import (
	"math"
	"slices"
)

// Geometries are what GeoJSON (RFC 7946) writes: objects of a type and coordinates, longitude first, in degrees. Between two
// positions runs what is a straight line in degrees, and no line crosses the 180th meridian: what does is cut there.
// A list or tuple of two numbers is a point too.

// spot is a place: longitude and latitude in degrees.
type spot struct{ lon, lat float64 }

// geometry is one of points, lines and areas; several of a kind for the Multi types, of every kind for a collection.
type geometry struct {
	points []spot
	lines  [][]spot
	areas  [][][]spot // rings: the outer one, then holes; each ends where it began
}

// maxPositions bounds the positions of a geometry, so that comparing two takes a bounded time.
const maxPositions = 1 << 16

// earthRadius is the mean radius in metres.
const earthRadius = 6371008.8

// geometryOf reads argument i.
func geometryOf(a []Value, i int) (*geometry, error) {
	r := geometryReader{arg: i}
	r.read(a[i], 0)
	return &r.out, r.err
}

// pointOf reads argument i, which must be a point.
func pointOf(a []Value, i int) (spot, error) {
	g, err := geometryOf(a, i)
	if err == nil && (len(g.points) != 1 || len(g.lines)+len(g.areas) > 0) {
		err = fault(i, "is no point")
	}
	if err != nil {
		return spot{}, err
	}
	return g.points[0], nil
}

type geometryReader struct {
	arg   int
	out   geometry
	count int
	err   error
}

func (r *geometryReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fault(r.arg, format, args...)
	}
}

func (r *geometryReader) read(v Value, depth int) {
	if sequenceKind(v.kind) {
		r.out.points = append(r.out.points, r.position(v))
		return
	}
	if v.kind != KindObject {
		r.fail("is no geometry: that is { type: \"Point\", coordinates: [longitude, latitude] } and the like")
		return
	}
	typ, _ := v.Member("type")
	coordinates, _ := v.Member("coordinates")
	kind := ""
	if typ.kind == KindString {
		kind = typ.AsString()
	}
	switch kind {
	case "Point":
		r.out.points = append(r.out.points, r.position(coordinates))
	case "MultiPoint":
		r.out.points = append(r.out.points, r.positions(coordinates, 1)...)
	case "LineString":
		r.out.lines = append(r.out.lines, r.positions(coordinates, 2))
	case "MultiLineString":
		r.each(coordinates, func(v Value) { r.out.lines = append(r.out.lines, r.positions(v, 2)) })
	case "Polygon":
		r.out.areas = append(r.out.areas, r.rings(coordinates))
	case "MultiPolygon":
		r.each(coordinates, func(v Value) { r.out.areas = append(r.out.areas, r.rings(v)) })
	case "GeometryCollection":
		if depth > 8 {
			r.fail("has collections in collections")
			return
		}
		parts, _ := v.Member("geometries")
		r.each(parts, func(v Value) { r.read(v, depth+1) })
	default:
		r.fail("has the type %s, which no geometry has", brief(typ))
	}
}

func (r *geometryReader) each(v Value, do func(Value)) {
	if !sequenceKind(v.kind) {
		r.fail("lacks coordinates")
		return
	}
	for _, e := range v.AsList() {
		if r.err == nil {
			do(e)
		}
	}
}

func (r *geometryReader) position(v Value) (p spot) {
	if !sequenceKind(v.kind) || len(v.AsList()) < 2 || len(v.AsList()) > 3 {
		r.fail("has a position that is not [longitude, latitude]")
		return p
	}
	if r.count++; r.count > maxPositions {
		r.fail("has more than %d positions", maxPositions)
		return p
	}
	lon, okLon := asFloat(v.AsList()[0])
	lat, okLat := asFloat(v.AsList()[1])
	switch {
	case !okLon || !okLat:
		r.fail("has a position that is not of numbers")
	case lon < -180 || lon > 180:
		r.fail("has the longitude %s, which is not from -180 to 180", Format(Float(lon)))
	case lat < -90 || lat > 90:
		r.fail("has the latitude %s, which is not from -90 to 90", Format(Float(lat)))
	}
	return spot{lon, lat}
}

func (r *geometryReader) positions(v Value, fewest int) (ps []spot) {
	r.each(v, func(e Value) { ps = append(ps, r.position(e)) })
	if r.err == nil && len(ps) < fewest {
		r.fail("has a part of %d positions, %d are the fewest", len(ps), fewest)
	}
	return ps
}

func (r *geometryReader) rings(v Value) (rings [][]spot) {
	r.each(v, func(e Value) {
		ring := r.positions(e, 4)
		if r.err == nil && ring[0] != ring[len(ring)-1] {
			r.fail("has a ring that does not end where it begins")
		}
		rings = append(rings, ring)
	})
	if r.err == nil && len(rings) == 0 {
		r.fail("has a polygon without rings")
	}
	return rings
}

// ---- measuring

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }

// metres is the length of the great circle between two positions, on a sphere.
func metres(a, b spot) float64 {
	dLat, dLon := radians(b.lat-a.lat), radians(b.lon-a.lon)
	s, t := math.Sin(dLat/2), math.Sin(dLon/2)
	h := s*s + math.Cos(radians(a.lat))*math.Cos(radians(b.lat))*t*t
	return 2 * earthRadius * math.Asin(math.Sqrt(min(1, h)))
}

// areaOf is the area of a ring on the sphere in square metres (Chamberlain and Duquette).
func areaOf(ring []spot) (sum float64) {
	for i := 1; i < len(ring); i++ {
		p, q := ring[i-1], ring[i]
		sum += radians(q.lon-p.lon) * (2 + math.Sin(radians(p.lat)) + math.Sin(radians(q.lat)))
	}
	return math.Abs(sum) * earthRadius * earthRadius / 2
}

// nearestTo is the position of a straight line between two that is nearest to p, in degrees that are as long either way there.
func nearestTo(p, a, b spot) spot {
	narrow := math.Cos(radians(p.lat))
	dx, dy := (b.lon-a.lon)*narrow, b.lat-a.lat
	if dx == 0 && dy == 0 {
		return a
	}
	t := ((p.lon-a.lon)*narrow*dx + (p.lat-a.lat)*dy) / (dx*dx + dy*dy)
	t = max(0, min(1, t))
	return spot{a.lon + t*(b.lon-a.lon), a.lat + t*(b.lat-a.lat)}
}

// distanceTo is the least distance of a position from a geometry; within an area it is 0.
func (g *geometry) distanceTo(p spot) float64 {
	if g.covers(p) {
		return 0
	}
	best := math.Inf(1)
	for _, q := range g.points {
		best = min(best, metres(p, q))
	}
	g.segments(func(a, b spot) bool {
		best = min(best, metres(p, nearestTo(p, a, b)))
		return true
	})
	return best
}

// segments calls do with the straight lines of lines and rings until it says no.
func (g *geometry) segments(do func(a, b spot) bool) bool {
	run := func(line []spot) bool {
		for i := 1; i < len(line); i++ {
			if !do(line[i-1], line[i]) {
				return false
			}
		}
		return true
	}
	for _, l := range g.lines {
		if !run(l) {
			return false
		}
	}
	for _, rings := range g.areas {
		for _, ring := range rings {
			if !run(ring) {
				return false
			}
		}
	}
	return true
}

// vertices are all positions.
func (g *geometry) vertices() []spot {
	all := slices.Clone(g.points)
	for _, l := range g.lines {
		all = append(all, l...)
	}
	for _, rings := range g.areas {
		for _, ring := range rings {
			all = append(all, ring...)
		}
	}
	return all
}

// ---- one within another

// cross is positive where c lies to the left of the line from a to b.
func cross(a, b, c spot) float64 {
	return (b.lon-a.lon)*(c.lat-a.lat) - (b.lat-a.lat)*(c.lon-a.lon)
}

func onSegment(p, a, b spot) bool {
	return cross(a, b, p) == 0 && min(a.lon, b.lon) <= p.lon && p.lon <= max(a.lon, b.lon) && min(a.lat, b.lat) <= p.lat && p.lat <= max(a.lat, b.lat)
}

// inRing reports whether p is inside a ring, and whether it is on it.
func inRing(p spot, ring []spot) (inside, on bool) {
	for i := 1; i < len(ring); i++ {
		a, b := ring[i-1], ring[i]
		if onSegment(p, a, b) {
			return true, true
		}
		if (a.lat > p.lat) != (b.lat > p.lat) && p.lon < a.lon+(p.lat-a.lat)/(b.lat-a.lat)*(b.lon-a.lon) {
			inside = !inside
		}
	}
	return inside, false
}

// covers reports whether p is in an area or on its edge, on a line, or one of the points.
func (g *geometry) covers(p spot) bool {
	if slices.Contains(g.points, p) {
		return true
	}
	for _, rings := range g.areas {
		if inArea(p, rings) {
			return true
		}
	}
	off := true
	for _, l := range g.lines {
		for i := 1; i < len(l) && off; i++ {
			off = !onSegment(p, l[i-1], l[i])
		}
	}
	return !off
}

func inArea(p spot, rings [][]spot) bool {
	inside, on := inRing(p, rings[0])
	if !inside || on {
		return on
	}
	for _, hole := range rings[1:] {
		if in, on := inRing(p, hole); in {
			return on
		}
	}
	return true
}

// meet reports whether two straight lines have a position in common.
func meet(a, b, c, d spot) bool {
	side := func(x float64) int {
		switch {
		case x > 0:
			return 1
		case x < 0:
			return -1
		}
		return 0
	}
	s, t := side(cross(a, b, c)), side(cross(a, b, d))
	u, v := side(cross(c, d, a)), side(cross(c, d, b))
	if s*t < 0 && u*v < 0 {
		return true
	}
	return onSegment(c, a, b) || onSegment(d, a, b) || onSegment(a, c, d) || onSegment(b, c, d)
}

// maxPairs bounds how many pairs of lines are compared.
const maxPairs = 1 << 24

// tooLargeWith reports whether comparing two geometries would take too long.
func (g *geometry) tooLargeWith(h *geometry) bool {
	return (len(g.vertices())+1)*(len(h.vertices())+1) > maxPairs
}

func (g *geometry) intersects(h *geometry) bool {
	for _, p := range h.vertices() {
		if g.covers(p) {
			return true
		}
	}
	for _, p := range g.vertices() {
		if h.covers(p) {
			return true
		}
	}
	return !g.segments(func(a, b spot) bool {
		return h.segments(func(c, d spot) bool { return !meet(a, b, c, d) })
	})
}

// contains reports whether every position of h is in g: its vertices, and what lies between them, looked at in the middle of each
// part that the lines of g cut.
func (g *geometry) contains(h *geometry) bool {
	for _, p := range h.vertices() {
		if !g.covers(p) {
			return false
		}
	}
	return h.segments(func(a, b spot) bool {
		cuts := []float64{0, 1}
		g.segments(func(c, d spot) bool {
			if t, ok := cutOf(a, b, c, d); ok {
				cuts = append(cuts, t)
			}
			return true
		})
		slices.Sort(cuts)
		for i := 1; i < len(cuts); i++ {
			t := (cuts[i-1] + cuts[i]) / 2
			if cuts[i] > cuts[i-1] && !g.coversNearly(spot{a.lon + t*(b.lon-a.lon), a.lat + t*(b.lat-a.lat)}) {
				return false
			}
		}
		return true
	})
}

// coversNearly is covers with room for the error of a position that was computed.
func (g *geometry) coversNearly(p spot) bool {
	const hair = 1e-9
	if g.covers(p) {
		return true
	}
	return !g.segments(func(a, b spot) bool {
		q := nearestTo(p, a, b)
		return math.Hypot(q.lon-p.lon, q.lat-p.lat) > hair
	})
}

// cutOf is where on the line from a to b, from 0 to 1, the one from c to d crosses it.
func cutOf(a, b, c, d spot) (float64, bool) {
	dx, dy := b.lon-a.lon, b.lat-a.lat
	ex, ey := d.lon-c.lon, d.lat-c.lat
	det := dx*ey - dy*ex
	if det == 0 {
		return 0, false
	}
	t := ((c.lon-a.lon)*ey - (c.lat-a.lat)*ex) / det
	u := ((c.lon-a.lon)*dy - (c.lat-a.lat)*dx) / det
	return t, t > 0 && t < 1 && u >= 0 && u <= 1
}
