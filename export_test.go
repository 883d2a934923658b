package zerodb

// SetBatch makes the batches of statements small, for tests; 0 is what it was.
func (db *DB) SetBatch(rows int) { db.batch = rows }
