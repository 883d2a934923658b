package plan

import "fmt"

// rule is one rewrite of a pipeline.
type rule struct {
	name string
	// why says in a few words what is won; the paragraph and the case where the rule must not fire stand over its function.
	why string
	// apply changes the pipeline and reports whether it did.
	apply func(p *planner, pl *Pipeline) bool
	// late is set for a rule that is applied when the sides of the pipeline's join are planned.
	late bool
}

// rules in the order in which they are applied, once each. The order matters: see ruleOrder.
var rules = []rule{
	{name: "fold-constants", why: "what is known now is not computed for every row", apply: foldConstants},
	{name: "push-filters", why: "a row that is not wanted goes as early as possible", apply: pushFilters},
	{name: "relate-in-bulk", why: "edges that must be there too are read once for all rows, and looked up", apply: relateInBulk},
	{name: "decorrelate", why: "a subquery that asks for its row by equalities is answered for all rows at once", apply: decorrelate},
	{name: "order-joins", why: "the largest source streams past the others, which are kept in memory", apply: orderJoins},
	{name: "push-into-join", why: "a join meets only the rows of either side that are wanted, and finds them by their keys", apply: pushIntoJoin},
	{name: "lookup-join", why: "of a large table only the records are read that few rows name", apply: lookupJoin},
	{name: "push-into-subquery", why: "a condition on a subquery's columns is tested inside it", apply: pushIntoSubquery},
	{name: "match-ids", why: "conditions on id become keys and key ranges", apply: matchIDs},
	{name: "pick-index", why: "conditions on indexed fields become a range of the index", apply: pickIndex},
	{name: "start-at-known-end", why: "a pattern whose end is known is followed backwards from there", apply: startAtKnownEnd},
	{name: "use-order", why: "rows that come in the wanted order are not sorted", apply: useOrder},
	{name: "multiply-counts", why: "paths that are only counted are not walked", apply: multiplyCounts},
	{name: "seek-page", why: "a page begins where the one before it ended, without reading what came before", apply: seekPage},
	{name: "top-k", why: "a sort keeps no more rows than LIMIT wants", apply: topK},
	{name: "point-get", why: "one record by id is read as scalars, without a batch", apply: pointGet},
	{name: "fetch-links", why: "the fields behind one link are read with one fetch", apply: fetchLinks},
	{name: "late-fetch", why: "records behind links are read only for rows that are left", apply: lateFetch},
	{name: "semi-join", why: "x IN (SELECT …) looks x up in a set", apply: semiJoin},
	{name: "prune-columns", why: "only columns that are used are decoded, and late where few rows are left", apply: pruneColumns},
	{name: "index-only", why: "records are not read where the index holds every column", apply: indexOnly},
	{name: "merge-join", why: "two sides that come in the order of the join's keys meet row by row, and neither is kept", apply: mergeJoin, late: true},
}

// ruleOrder lists pairs that must stand in this order, and why. It is asserted when the program starts.
var ruleOrder = []struct{ before, after, why string }{
	{"fold-constants", "match-ids", "an id that is computed from constants is a constant only after folding"},
	{"fold-constants", "pick-index", "likewise for the values an index is asked for"},
	{"push-filters", "match-ids", "only conditions that stand right behind a scan are looked at, each by itself"},
	{"push-filters", "pick-index", "likewise"},
	{"push-filters", "relate-in-bulk", "the condition must stand by itself behind its hop"},
	{"relate-in-bulk", "decorrelate", "a hop knows its own pairs of vertices; a join of all edges with all would be dearer"},
	{"push-filters", "decorrelate", "a join for a subquery stands behind the conditions that need none"},
	{"decorrelate", "push-into-join", "a condition on a subquery may be one on a joined column"},
	{"decorrelate", "semi-join", "what became a look-up in a set needs no second look"},
	{"push-filters", "order-joins", "the conditions on each source tell how large it is"},
	{"order-joins", "push-into-join", "conditions move into the joins as they are in the end"},
	{"decorrelate", "order-joins", "joins for subqueries stand around the others"},
	{"push-into-join", "lookup-join", "the keys must be known"},
	{"lookup-join", "match-ids", "the left side may itself be a scan with conditions"},
	{"lookup-join", "late-fetch", "a fetch of the joined records moves like any other"},
	{"push-filters", "push-into-join", "only conditions that stand by themselves behind a join are looked at"},
	{"push-filters", "push-into-subquery", "only conditions right behind a subquery's rows move into it"},
	{"match-ids", "pick-index", "a key is always better than an index; what is a key lookup already is no scan any more"},
	{"push-filters", "start-at-known-end", "a condition that fixes the end must stand by itself behind its hop"},
	{"pick-index", "start-at-known-end", "a start that a key or an index finds is kept"},
	{"start-at-known-end", "use-order", "backwards, the rows come in another order"},
	{"start-at-known-end", "late-fetch", "the fetches of the turned pattern move like any others"},
	{"pick-index", "use-order", "an index that was picked for a condition may give the order as well; one picked for the order alone must not take its place"},
	{"push-filters", "multiply-counts", "a condition on the start must stand behind it, where it is seen"},
	{"start-at-known-end", "multiply-counts", "a pattern with a known end is cheaper to walk"},
	{"multiply-counts", "prune-columns", "what is counted reads no columns"},
	{"use-order", "seek-page", "only rows that come in the wanted order can begin behind a page"},
	{"use-order", "top-k", "a sort that is not there needs no limit"},
	{"match-ids", "point-get", "the key must be known"},
	{"point-get", "fetch-links", "a single row is read as scalars, for which there is no fetch"},
	{"fetch-links", "late-fetch", "its fetch stands behind all that narrows already"},
	{"fetch-links", "prune-columns", "the link must be read, not what is behind it"},
	{"push-filters", "late-fetch", "a condition on fetched fields must have found its place behind the fetch before the fetch moves"},
	{"top-k", "late-fetch", "a fetch moves behind a sort only where the sort lets few rows through"},
	{"late-fetch", "prune-columns", "which columns a step needs depends on where the fetches are"},
	{"pick-index", "prune-columns", "conditions that the index answers need no column"},
	{"index-only", "merge-join", "an index that holds what is read of a side gives it in order"},
	{"prune-columns", "index-only", "whether the index is enough depends on the columns that are left"},
}

func init() {
	place := map[string]int{}
	for i, r := range rules {
		place[r.name] = i + 1
	}
	for _, o := range ruleOrder {
		if place[o.before] == 0 || place[o.after] == 0 || place[o.before] >= place[o.after] {
			panic(fmt.Sprintf("plan: rule %s must come before %s: %s", o.before, o.after, o.why))
		}
	}
}

// Rules lists the names of all rules with what each wins, in the order of their application.
func Rules() [][2]string {
	out := make([][2]string, len(rules))
	for i, r := range rules {
		out[i] = [2]string{r.name, r.why}
	}
	return out
}
