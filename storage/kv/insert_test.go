package kv

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// What Holds says of rising and jumping keys is what Get says, and it is remembered for validation.
func TestHoldsAgreesWithGet(t *testing.T) {
	db := openDB(t)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		name := func(i int) string { return fmt.Sprintf("%06d-%04d", round, i) }
		there := rapid.SliceOfNDistinct(rapid.IntRange(0, 99), 0, 20, rapid.ID[int]).Draw(rt, "there")
		var kvs []string
		for _, i := range there {
			kvs = append(kvs, name(i), "v")
		}
		if len(kvs) > 0 {
			db.put(t, kvs...)
		}
		txn := db.begin(t, true)
		at, asked := 0, map[int]bool{}
		for range rapid.IntRange(1, 60).Draw(rt, "asks") {
			if rapid.IntRange(0, 9).Draw(rt, "jump") == 0 {
				at = rapid.IntRange(0, 99).Draw(rt, "to")
			}
			held, err := txn.Holds(key(name(at)))
			if err != nil {
				rt.Fatal(err)
			}
			if want := get(t, txn, name(at)) != ""; held != want {
				rt.Fatalf("Holds(%d) = %t, want %t", at, held, want)
			}
			asked[at] = true
			if !held && rapid.Bool().Draw(rt, "insert") {
				txn.Put(key(name(at)), []byte("w"), Absent)
			}
			at = (at + rapid.IntRange(1, 3).Draw(rt, "step")) % 100
		}
		other := rapid.IntRange(0, 99).Draw(rt, "other")
		db.put(t, name(other), "x")
		txn.Put(key(name(200)), []byte("w"), Absent)
		if got := conflicts(t, txn); got != asked[other] {
			rt.Fatalf("conflict = %t after a write of %d, asked for it: %t", got, other, asked[other])
		}
	})
}

// An import of rising keys does not look for each.
func TestRisingKeysAreLookedForOnce(t *testing.T) {
	db := openDB(t)
	txn := db.begin(t, true)
	defer txn.Cancel()
	for i := range 100 {
		if held, err := txn.Holds(key(fmt.Sprintf("%04d", i))); held || err != nil {
			t.Fatal(held, err)
		}
	}
	before := string(txn.inserts.lo)
	if held, err := txn.Holds(key("9999")); held || err != nil {
		t.Fatal(held, err)
	}
	if string(txn.inserts.lo) != before {
		t.Error("a key in a gap that is known was looked for")
	}
}

// What a transaction found free to write it depends on, also where the write is rolled back.
func TestRolledBackInsertsAreValidated(t *testing.T) {
	db := openDB(t)
	for round, rising := range []int{1, 20} {
		txn := db.begin(t, true)
		m := txn.Mark()
		name := func(i int) string { return fmt.Sprintf("%d-%04d", round, i) }
		for i := range rising {
			if held, err := txn.Holds(key(name(i))); held || err != nil {
				t.Fatal(held, err)
			}
			txn.Put(key(name(i)), []byte("w"), Absent)
		}
		txn.RollbackTo(m)
		txn.Put(key(name(9000)), []byte("w"), Absent)
		db.put(t, name(rising-1), "x")
		if !conflicts(t, txn) {
			t.Errorf("round %d: no conflict", round)
		}
	}
}
