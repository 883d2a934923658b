// Package sqldriver makes zerodb a driver of database/sql, named "zerodb":
//
//	import _ "github.com/zerodb/zerodb/client/sqldriver"
//
//	db, err := sql.Open("zerodb", "people")                           // a directory of this machine
//	db, err := sql.Open("zerodb", "zerodb://localhost:7654/main/main") // a server
//	db, err := sql.Open("zerodb", "memory:")                          // in memory, gone with db.Close
//	rows, err := db.Query(`SELECT name, age FROM person WHERE age > $min`, sql.Named("min", 30))
//
// ParseDSN says what a data source name may hold. A database that is open already, or needs options that a name cannot say, is given
// to Open.
//
// Statements are ZeroQL. Arguments are given by sql.Named, or by position: then the first goes to the parameter that the text names
// first. A text of several statements yields the rows of the last; Exec counts the records that all of them wrote.
//
// Values come as database/sql knows them:
//
//	none                        nil
//	bool, int, float            bool, int64, float64
//	wide                        uint64 where it fits, else its digits
//	string, decimal, uuid       string
//	record, range, regex        string, as ZeroQL writes it
//	bytes                       []byte
//	time                        time.Time
//	duration                    int64, nanoseconds, so that it scans into a time.Duration
//	list, tuple, set, object    []byte, JSON
//
// Rows that are bare values or objects (SELECT VALUE, SELECT * of a table without a schema, what a write returns) have one column,
// named value. Who needs more of a connection finds a zerodb.Conn behind sql.Conn.Raw, see Conn.
package sqldriver
