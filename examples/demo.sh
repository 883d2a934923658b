#!/usr/bin/env bash
# The demo: real data in, queries compiled offline, one shown as bytecode, all run from their .zqb files.
# `make demo` builds the two programs first.
set -euo pipefail
cd "$(dirname "$0")/.."

db=demo-data/db
out=demo-data/programs
data=examples/data

# run shows a command and what it prints.
run() {
  printf '\n\033[1m$ %s\033[0m\n' "$*"
  "$@"
}
title() { printf '\n\033[1m=== %s\033[0m\n' "$*"; }

PATH="$PWD/bin:$PATH"
rm -rf demo-data
mkdir -p "$out"

title 'A database with a schema'
run zerodb sql --dir $db --format table examples/schema.zql

title 'Real data: tables, edges, documents'
run zerodb import --dir $db --table airport --id iata $data/airports.csv
run zerodb import --dir $db --table route --edge --from origin:airport --to destination:airport $data/flights-airport.csv
run zerodb import --dir $db --table movie $data/movies.json
run zerodb import --dir $db --table character $data/characters.ndjson
run zerodb import --dir $db --table meets --edge --from from:character --to to:character $data/shared-chapters.ndjson
run zerodb sql --dir $db --format table examples/setup.zql

title 'Queries compiled offline, against the schema file alone'
for q in examples/queries/*.zql; do
  name=$(basename "$q" .zql)
  run zqc compile "$q" --schema examples/schema.zql -o "$out/$name.zqb"
done
run zqc verify "$out"/*.zqb --schema examples/schema.zql

title 'A program as the machine sees it'
run zqc disasm "$out/state.zqb"

title 'A group-by over airports'
run zerodb exec --dir $db --format table "$out/states.zqb" --param least=100

title 'A search over two hops of the graph'
run zerodb exec --dir $db --format table "$out/two-hops.zqb" --param from=ABE --param to=LAX

title 'Documents with missing members'
run zerodb exec --dir $db --format table "$out/movies.zqb" --param genre=Drama

title 'Key-value reads'
run zerodb exec --dir $db --format table "$out/settings.zqb" --param key=theme

title 'Airports nearest to a place, by vector'
run zerodb exec --dir $db --format table "$out/nearest.zqb" --param lat=40.7128 --param lon=-74.006 --param n=5

title 'An index, links, and edges with both ends'
run zerodb exec --dir $db --format table "$out/state.zqb" --param state=VT
run zerodb exec --dir $db --format table "$out/links.zqb" --param chapters=13
run zerodb exec --dir $db --format table "$out/friends.zqb" --param who=26

title 'Every record, index entry and edge agrees'
run zerodb check --dir $db
