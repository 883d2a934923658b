package zerodb_test

import (
	"fmt"
	"testing"

	"github.com/zerodb/zerodb"
)

// TestRowsThatAreChangedAreMetOnce changes many records by scans of the table, of a range and of the index on the very field that is
// changed, while they are read: each must be changed once, however far the change moves it in the order that is read, and the rows
// must take no memory.
func TestRowsThatAreChangedAreMetOnce(t *testing.T) {
	const rows = 5000
	db, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true, QueryMemory: 512 << 10})
	must(t, err)
	defer func() { must(t, db.Close()) }()
	s := session(t, db)
	run(t, s, "DEFINE TABLE t FIELDS n TYPE int, pad TYPE string; DEFINE INDEX by_n ON TABLE t FIELDS n")
	run(t, s, fmt.Sprintf(`CREATE t CONTENT (SELECT x AS id, x AS n, string::repeat("pad", 300) AS pad FROM 0..%d AS x) RETURN NONE`, rows))
	sum := rows * (rows - 1) / 2
	for _, c := range []struct {
		text string
		add  int
	}{
		{"UPDATE t SET n += 1 RETURN NONE", rows},
		{"UPDATE t WHERE n >= 0 SET n += 100000 RETURN NONE", 100000 * rows},
		{"UPDATE t:0..=4999 SET n += 10 RETURN NONE", 10 * rows},
		{"UPDATE t WHERE n > 3 AND id >= t:0 SET n -= 7 RETURN NONE", -7 * rows},
	} {
		run(t, s, c.text)
		sum += c.add
		want(t, run(t, s, "SELECT sum(n) AS n, count() AS rows FROM t"), fmt.Sprintf(`{"n":%d,"rows":%d}`, sum, rows))
	}
	run(t, s, "DELETE t WHERE n % 2 == 0")
	run(t, s, "DELETE t WHERE n > 0")
	want(t, run(t, s, "SELECT count() AS rows FROM t"), `{"rows":0}`)
}
