package parse

// warmText is what Warm parses.
const warmText = `
SELECT *, a.b AS c, count() FROM person AS p WHERE age > 40 AND name == "x" OR NOT b GROUP BY c ORDER BY d DESC LIMIT 10
SELECT o.id, c.name FROM order AS o JOIN customer AS c ON o.customer == c.id
SELECT FOLD sum(age) AS s FROM person -> likes -> (person AS q) GROUP BY city HAVING s > 10
CREATE person:alice SET age = 40, address = { city: "Lagos", tags: [1, 2.5] }
CREATE person SET (name, age) VALUES ("alice", 40)
UPDATE person SET age += 1 WHERE id == $id RETURN NONE
DELETE person:1..5
RELATE person:alice -> buys -> product:apple SET at = time::now()
LET $x = (1 + 2) * -3; IF $x > 1 THEN RETURN $x ELSE RETURN none END
FOR $i IN 0..10 DO CREATE kv SET v = $i END
BEGIN; COMMIT
DEFINE TABLE t FIELDS a TYPE int ASSERT $value > 0, b TYPE [string]
DEFINE INDEX i ON TABLE t FIELDS a UNIQUE
`
