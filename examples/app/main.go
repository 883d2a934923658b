// Command app is a small application over the data of the examples. Its queries were compiled to typed functions by `zqc gen go`; they
// run on a database in this process, or on one behind a server: only the line that opens the database differs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/client"
	"github.com/zerodb/zerodb/examples/app/queries"
)

func main() {
	dir := flag.String("dir", "", "directory of a database, as make demo leaves one")
	addr := flag.String("connect", "", "host:port of a server, instead of -dir")
	state := flag.String("state", "AK", "a state of the USA")
	flag.Parse()
	if err := run(context.Background(), *dir, *addr, *state); err != nil {
		fmt.Fprintln(os.Stderr, "app:", err)
		os.Exit(1)
	}
}

func open(ctx context.Context, dir, addr string) (zerodb.Database, error) {
	switch {
	case addr != "":
		return client.Connect(ctx, addr)
	case dir != "":
		return zerodb.Open(dir, nil)
	}
	return nil, errors.New("-dir or -connect says where the database is")
}

func run(ctx context.Context, dir, addr, state string) (err error) {
	db, err := open(ctx, dir, addr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx, nil)
	if err != nil {
		return err
	}
	return report(ctx, queries.New(conn), state)
}

// report prints the airports of a state with their busiest routes.
func report(ctx context.Context, q *queries.Queries, state string) error {
	for airport, err := range q.AirportsOf(ctx, queries.AirportsOfParams{State: state}) {
		if err != nil {
			return err
		}
		fmt.Printf("%s, %s (%s)\n", airport.Name, airport.City, airport.ID)
		for route, err := range q.FlightsFrom(ctx, queries.FlightsFromParams{Code: airport.ID.Key}) {
			if err != nil {
				return err
			}
			fmt.Printf("  %4d flights to %s\n", route.Flights, route.Name)
		}
	}
	visits, _, err := q.VisitOne(ctx, queries.VisitParams{Key: "report"})
	if err != nil {
		return err
	}
	fmt.Printf("report %v\n", visits.Value)
	return nil
}
