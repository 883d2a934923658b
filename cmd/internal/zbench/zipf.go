package zbench

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// zipfian draws numbers from 0 to n-1, of which the small ones come most often: the generator of Gray et al., "Quickly generating
// billion-record synthetic databases" (SIGMOD 1994), with the skew of YCSB.
type zipfian struct {
	n                int
	zeta, alpha, eta float64
	halfPowTheta     float64
}

// theta is the skew that YCSB takes.
const theta = 0.99

func newZipfian(n int) *zipfian {
	z := &zipfian{n: n}
	for i := 1; i <= n; i++ {
		z.zeta += 1 / math.Pow(float64(i), theta)
	}
	z.halfPowTheta = 1 + math.Pow(0.5, theta)
	z.alpha = 1 / (1 - theta)
	z.eta = (1 - math.Pow(2/float64(n), 1-theta)) / (1 - z.halfPowTheta/z.zeta)
	return z
}

func (z *zipfian) draw(r *rand.Rand) int {
	u := r.Float64()
	uz := u * z.zeta
	switch {
	case uz < 1:
		return 0
	case uz < z.halfPowTheta:
		return min(1, z.n-1)
	}
	return min(int(float64(z.n)*math.Pow(z.eta*u-z.eta+1, z.alpha)), z.n-1)
}

// scrambled spreads the numbers that are drawn often over all of 0 to n-1, as YCSB does, so that the popular records are not neighbours.
func scrambled(i, n int) int {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(i))
	h := fnv.New64a()
	_, _ = h.Write(b[:]) // a hash cannot fail
	return int(h.Sum64() % uint64(n))
}
