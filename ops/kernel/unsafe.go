package kernel

import "unsafe"

// asString is b as a string; b is not written afterwards.
func asString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
