package zerodb_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// open makes a database for an example.
func open() (*zerodb.DB, *zerodb.Session) {
	db, err := zerodb.OpenMemory(nil)
	check(err)
	s, err := db.Session(context.Background(), nil)
	check(err)
	return db, s
}

func Example() {
	ctx := context.Background()
	db, err := zerodb.OpenMemory(nil) // or Open("directory", nil)
	check(err)
	defer db.Close()
	s, err := db.Session(ctx, nil)
	check(err)
	_, err = s.Execute(ctx, `
		CREATE person:alice SET name = "Alice", age = 40
		CREATE person:bob   SET name = "Bob",   age = 30
		RELATE person:alice -> knows -> person:bob SET since = 2020`)
	check(err)
	rows, err := s.Execute(ctx, `SELECT p.name AS friend FROM person:alice -> knows -> (person AS p)`)
	check(err)
	for row, err := range rows.All() {
		check(err)
		fmt.Println(row.Get("friend").AsString())
	}
	// Output: Bob
}

func ExampleOpen() {
	_, err := zerodb.Open("data", &zerodb.Options{CacheBytes: -1, Retries: 5000})
	fmt.Println(err)
	// Output:
	// usage: Options.CacheBytes is negative: -1
	// usage: Options.Retries is 5000, more than 1000 would hide a livelock
}

func ExampleDB_Session() {
	ctx := context.Background()
	db, _ := open()
	defer db.Close()
	s, err := db.Session(ctx, &zerodb.SessionOptions{Namespace: "shop", Database: "test"}) // they come into being on first use
	check(err)
	defer s.Close()
	fmt.Println(s.Namespace(), s.Database())
	// Output: shop test
}

func ExampleSession_Execute() {
	ctx := context.Background()
	db, s := open()
	defer db.Close()
	_, err := s.Execute(ctx, `CREATE city:lagos SET people = 15_000_000; CREATE city:oyo SET people = 700_000`)
	check(err)
	rows, err := s.Execute(ctx, `SELECT id, people FROM city WHERE people > $least`, zerodb.Named("least", 1_000_000))
	check(err)
	for row, err := range rows.All() {
		check(err)
		fmt.Println(string(row.AppendJSON(nil)))
	}
	// Output: {"id":"city:lagos","people":15000000}
}

func ExampleSession_Script() {
	ctx := context.Background()
	db, s := open()
	defer db.Close()
	for rows, err := range s.Script(ctx, `CREATE n:1 SET v = 1; LET $x = 2; RETURN $x * 21`) {
		check(err)
		st := rows.Statement()
		for row, err := range rows.All() {
			check(err)
			fmt.Printf("%s => %s\n", st.Text, row.AppendJSON(nil))
		}
	}
	// Output:
	// CREATE n:1 SET v = 1 => {"id":"n:1","v":1}
	// RETURN $x * 21 => 42
}

func ExampleSession_Prepare() {
	ctx := context.Background()
	db, s := open()
	defer db.Close()
	insert, err := s.Prepare(ctx, `CREATE person:$id SET name = $name RETURN NONE`)
	check(err)
	for id, name := range []string{"Alice", "Bob"} {
		_, err := insert.Execute(ctx, zerodb.Named("id", id), zerodb.Named("name", name))
		check(err)
	}
	byID, err := s.Prepare(ctx, `person:$id`)
	check(err)
	row, found, err := byID.QueryRow(ctx, zerodb.Named("id", 1))
	check(err)
	fmt.Println(found, row.Get("name").AsString())
	// Output: true Bob
}

func ExampleParams() {
	ctx := context.Background()
	db, s := open()
	defer db.Close()
	type person struct {
		Name string
		Age  int `zerodb:"years"`
	}
	_, err := s.Execute(ctx, `CREATE person:1 SET name = $name, age = $years`, zerodb.Params(person{"Alice", 40}))
	check(err)
	_, err = s.Execute(ctx, `CREATE person:2 SET name = $name`, zerodb.Params(map[string]any{"name": "Bob"}))
	check(err)
	rows, err := s.Execute(ctx, `SELECT VALUE name FROM person`)
	check(err)
	names, err := zerodb.ScanAll[string](rows)
	check(err)
	fmt.Println(names)
	// Output: [Alice Bob]
}

func ExampleSession_ExecuteProgram() {
	ctx := context.Background()
	db, s := open()
	defer db.Close()
	st, err := s.Prepare(ctx, `RETURN $a + 1`)
	check(err)
	zqb, err := st.Program() // what `zqc compile` writes
	check(err)
	rows, err := s.ExecuteProgram(ctx, zqb, zerodb.Named("a", 41))
	check(err)
	answer, err := zerodb.ScanAll[int](rows)
	check(err)
	fmt.Println(answer)

	zqb[len(zqb)/2] ^= 1
	_, err = s.ExecuteProgram(ctx, zqb, zerodb.Named("a", 41))
	fmt.Println(zerodb.CodeOf(err))
	// Output:
	// [42]
	// bad_program
}

func ExampleRows_Scan() {
	ctx := context.Background()
	db, s := open()
	defer db.Close()
	_, err := s.Execute(ctx, `CREATE person:1 SET name = "Alice", born = t"1986-01-02", tags = ["a", "b"]`)
	check(err)
	type person struct {
		ID    zerodb.RecordID
		Name  string
		Birth time.Time `zerodb:"born"`
		Tags  []string
		Boss  *zerodb.RecordID // none
	}
	rows, err := s.Execute(ctx, `SELECT * FROM person`)
	check(err)
	for rows.Next() {
		var p person
		check(rows.Scan(&p))
		fmt.Println(p.Name, p.Birth.Year(), p.Tags, p.Boss)
	}
	check(rows.Err())
	// Output: Alice 1986 [a b] <nil>
}

func ExampleSession_Put() {
	ctx := context.Background()
	db, s := open()
	defer db.Close()
	check(s.Put(ctx, "setting", zerodb.String("theme"), zerodb.Object(zerodb.Member{Name: "value", Value: zerodb.String("dark")})))
	record, found, err := s.Get(ctx, "setting", zerodb.String("theme"))
	check(err)
	fmt.Println(found, zerodb.ToGo(record).(map[string]any)["value"])
	existed, err := s.Delete(ctx, "setting", zerodb.String("theme"))
	check(err)
	fmt.Println(existed)
	// Output:
	// true dark
	// true
}

func ExampleSession_Scan() {
	ctx := context.Background()
	db, s := open()
	defer db.Close()
	for i := range 5 {
		check(s.Put(ctx, "square", zerodb.Int(int64(i)), zerodb.Int(int64(i*i))))
	}
	for p, err := range s.Scan(ctx, "square", zerodb.KeyRange{From: zerodb.Int(2), To: zerodb.Int(4)}) {
		check(err)
		v, _ := p.Record.Member("value")
		fmt.Println(p.Key.AsInt(), v.AsInt())
	}
	// Output:
	// 2 4
	// 3 9
}

func ExampleSession_KV() {
	ctx := context.Background()
	db, s := open()
	defer db.Close()
	kv := s.KV("cache")
	check(kv.Put(ctx, zerodb.String("k"), []byte("bytes")))
	value, found, err := kv.Get(ctx, zerodb.String("k"), nil)
	check(err)
	fmt.Println(found, string(value))
	// Output: true bytes
}

func ExampleSession_Begin() {
	ctx := context.Background()
	db, s := open()
	defer db.Close()
	check(s.Put(ctx, "account", zerodb.Int(1), zerodb.Int(100)))
	for {
		check(s.Begin(ctx, nil))
		v, _, err := s.GetField(ctx, "account", zerodb.Int(1), "value")
		check(err)
		check(s.Put(ctx, "account", zerodb.Int(1), zerodb.Int(v.AsInt()-30)))
		err = s.Commit(ctx)
		if zerodb.CodeOf(err) == ops.CodeConflict {
			continue // somebody else was faster: from the beginning
		}
		check(err)
		break
	}
	v, _, err := s.GetField(ctx, "account", zerodb.Int(1), "value")
	check(err)
	fmt.Println(v.AsInt())
	// Output: 70
}

func ExampleScriptError() {
	ctx := context.Background()
	db, s := open()
	defer db.Close()
	_, err := s.Execute(ctx, `CREATE n:1; CREATE n:1; CREATE n:2`)
	var e *zerodb.ScriptError
	if errors.As(err, &e) {
		fmt.Printf("statement %d failed with %s, %d took effect\n", e.Statement.Index+1, zerodb.CodeOf(err), e.Took)
	}
	// Output: statement 2 failed with already_exists, 1 took effect
}

func ExampleDB_Stats() {
	ctx := context.Background()
	db, s := open()
	defer db.Close()
	for range 10 {
		_, err := s.Execute(ctx, `RETURN 1`)
		check(err)
	}
	c := db.Stats().Statements
	fmt.Println(c.Compiles, c.Misses, c.Hits)
	// Output: 1 1 9
}

func ExampleDB_Check() {
	ctx := context.Background()
	db, _ := open()
	defer db.Close()
	problems := 0
	check(db.Check(ctx, func(p zerodb.Problem) { problems++ }))
	fmt.Println(problems)
	// Output: 0
}

func ExampleFromGo() {
	v, err := zerodb.FromGo(map[string]any{"name": "Alice", "tags": []string{"a"}, "boss": zerodb.RecordID{Table: "person", Key: zerodb.Int(2)}})
	check(err)
	fmt.Println(ops.Format(v))
	// Output: { boss: person:2, name: "Alice", tags: ["a"] }
}
