package main

import (
	"context"
	"testing"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/examples/app/queries"
	"github.com/zerodb/zerodb/server/servertest"
)

const setup = `
DEFINE TABLE airport SCHEMAFULL FIELDS name TYPE string, city TYPE string, state TYPE string, country TYPE string,
    latitude TYPE float ASSERT $value >= -90.0 AND $value <= 90.0, longitude TYPE float ASSERT $value >= -180.0 AND $value <= 180.0, position TYPE [float]?
DEFINE INDEX airport_state ON TABLE airport FIELDS state, city
DEFINE EDGE route FROM airport TO airport FIELDS count TYPE int
DEFINE TABLE setting SCHEMALESS
CREATE airport:ANC SET name = "Anchorage", city = "Anchorage", state = "AK", country = "USA", latitude = 61.0, longitude = -150.0
CREATE airport:SEA SET name = "Seattle", city = "Seattle", state = "WA", country = "USA", latitude = 47.0, longitude = -122.0
RELATE airport:ANC -> route -> airport:SEA SET count = 12
`

// The generated functions give the same on a database in this process and on one behind a server.
func TestQueries(t *testing.T) {
	for _, c := range []struct {
		name string
		open func(*zerodb.DB) zerodb.Database
	}{
		{"embedded", func(db *zerodb.DB) zerodb.Database { return db }},
		{"server", func(db *zerodb.DB) zerodb.Database { return servertest.Start(t, db, nil).Connect(t) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx := context.Background()
			local, err := zerodb.OpenMemory(nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = local.Close() }()
			conn, err := c.open(local).Conn(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range conn.Script(ctx, setup) {
				if err != nil {
					t.Fatal(err)
				}
			}
			use(ctx, t, queries.New(conn))
		})
	}
}

func use(ctx context.Context, t *testing.T, q *queries.Queries) {
	a, found, err := q.AirportsOfOne(ctx, queries.AirportsOfParams{State: "AK"})
	if err != nil || !found || a.Name != "Anchorage" || a.ID.Table != "airport" {
		t.Fatalf("%+v %v %v", a, found, err)
	}
	n := 0
	for r, err := range q.FlightsFrom(ctx, queries.FlightsFromParams{Code: a.ID.Key}) {
		if err != nil || r.Name != "Seattle" || r.Flights != 12 {
			t.Fatalf("%+v %v", r, err)
		}
		n++
	}
	if n != 1 {
		t.Fatalf("%d routes", n)
	}
	for want := range int64(3) {
		v, _, err := q.VisitOne(ctx, queries.VisitParams{Key: "report"})
		if err != nil || v.Value.AsInt() != want+1 {
			t.Fatalf("visit %d: %v %v", want+1, v.Value, err)
		}
	}
	if _, found, err := q.AirportsOfOne(ctx, queries.AirportsOfParams{State: "none such"}); err != nil || found {
		t.Fatal(found, err)
	}
}
