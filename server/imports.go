package server

type imports struct{}

func newImports() *imports { return &imports{} }
func (*imports) close()    {}
