package ops

// DrawValue is for the tests of package ops_test.
var DrawValue = drawValue
