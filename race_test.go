//go:build race

package zerodb_test

// Under the race detector sync.Pool drops things at random, so that allocations cannot be counted.
func init() { raceDetector = true }
