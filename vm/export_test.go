package vm

// Assemble is for tests outside the package.
var Assemble = assemble
