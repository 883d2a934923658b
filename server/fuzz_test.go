package server_test

import (
	"context"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/server"
	"github.com/zerodb/zerodb/server/servertest"
	"github.com/zerodb/zerodb/server/wire"
)

// FuzzSession sends requests that were made of bytes: the server answers or refuses, and serves others afterwards.
func FuzzSession(f *testing.F) {
	db := memory(f)
	s := servertest.Start(f, db, &server.Options{Limits: server.Limits{Timeout: 1e9, QueueTime: 1e9, InFlight: 64}})
	rpc, _ := stub(f, s)
	for _, m := range []*protocol.SessionRequest{
		{Requests: []*protocol.Request{
			{Id: 1, Session: 1, Body: &protocol.Request_Open{Open: &protocol.OpenSession{}}},
			{Id: 2, Session: 1, Body: &protocol.Request_Begin{Begin: &protocol.BeginRequest{}}},
			{Id: 3, Session: 1, Body: &protocol.Request_Execute{Execute: &protocol.ExecuteRequest{Program: &protocol.Program{Text: "CREATE t:1; SELECT * FROM t"}, Step: true}}},
			{Id: 4, Body: &protocol.Request_Grant{Grant: &protocol.Grant{Id: 3, Batches: 1, Next: true}}},
			{Id: 5, Session: 1, Body: &protocol.Request_Commit{Commit: &protocol.CommitRequest{}}},
			{Id: 6, Session: 1, Body: &protocol.Request_Close{Close: &protocol.CloseSession{}}},
		}},
		{Requests: []*protocol.Request{
			{Id: 1, Body: &protocol.Request_Get{Get: &protocol.GetRequest{Table: "t", Key: wire.Bytes(zerodb.Int(1))}}},
			{Id: 1, Body: &protocol.Request_Scan{Scan: &protocol.ScanRequest{Table: "t", Window: 1}}},
			{Id: 3, Body: &protocol.Request_Batch{Batch: &protocol.BatchRequest{Writes: []*protocol.Write{{Table: "t", Key: wire.Bytes(zerodb.Int(1))}}}}},
			{Id: 4, Body: &protocol.Request_Prepare{Prepare: &protocol.PrepareRequest{Program: &protocol.Program{Zqb: []byte("ZQB")}}}},
			{Id: 5, Body: &protocol.Request_Stop{Stop: &protocol.Stop{Id: 3}}},
		}},
	} {
		raw, err := proto.Marshal(m)
		must(f, err)
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := &protocol.SessionRequest{}
		if proto.Unmarshal(raw, m) != nil {
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		stream, err := rpc.Session(ctx)
		must(t, err)
		must(t, stream.Send(m))
		must(t, stream.Send(&protocol.SessionRequest{Requests: []*protocol.Request{{Id: 1 << 63, Body: &protocol.Request_Info{Info: &protocol.InfoRequest{}}}}}))
		for {
			m, err := stream.Recv()
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range m.Responses {
				if r.Id == 1<<63 {
					return
				}
			}
		}
	})
}

// FuzzJSON gives the service bodies of requests as a stranger might write them.
func FuzzJSON(f *testing.F) {
	s := servertest.StartTCP(f, memory(f), &server.Options{Limits: server.Limits{Timeout: 1e9}})
	c := browser(f, s)
	f.Add("Query", `{"text":"RETURN $a","params":{"a":[1,{"b":null}]}}`)
	f.Add("Prepare", `{"program":{"text":"SELECT * FROM t"}}`)
	f.Add("Batch", `{"writes":[{"table":"t","key":1,"value":{}}]}`)
	f.Fuzz(func(t *testing.T, method, body string) {
		switch method {
		case "Query", "Prepare", "Batch", "Get", "Put", "Delete", "Explain", "Info":
		default:
			return
		}
		if status, text := post(t, c, method, body, "Content-Type", "application/json"); status == 0 || text == "" {
			t.Errorf("%d %q", status, text)
		}
	})
}
