// Package zerodb is a database in one process: records, documents, graphs and key-value pairs, with the query language ZeroQL.
//
//	db, err := zerodb.Open("data", nil)
//	defer db.Close()
//	s, err := db.Session(ctx, nil)
//	_, err = s.Execute(ctx, `CREATE person:alice SET age = 40`)
//	rows, err := s.Execute(ctx, `SELECT id, age FROM person WHERE age > $least`, zerodb.Named("least", 30))
//	for row, err := range rows.All() { … }
//
// A DB is used by any number of goroutines; each takes a Session. A Session runs texts (Execute, Script), prepared statements
// (Prepare) and programs that zqc compiled (ExecuteProgram), reads and writes records by key beside the language (Get, Put, Insert,
// Delete, Scan), and groups what it does into transactions (Begin, Commit, Cancel).
//
// What is acknowledged is on disk, unless Options.Relaxed says otherwise. Every error has a code, see CodeOf.
package zerodb
