// Package client is the database behind a server, as the root package has it in the same process: what is written for
// zerodb.Database works with both.
//
//	db, err := client.Connect(ctx, "localhost:7654")
//	c, err := db.Conn(ctx, nil)
//	rows, err := c.Execute(ctx, `SELECT name FROM person WHERE age > $min`, zerodb.Named("min", 30))
//
// All that the goroutines of a program ask goes over few connections, many requests at a time: what is asked at the same moment
// travels together.
package client
