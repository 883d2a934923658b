#!/usr/bin/env bash
# What the demo does not show: the same text compiles to the same bytes, a flipped byte is refused, an import that is killed
# leaves a database in which everything agrees, and what the compiler says to mistakes. `make proofs` builds first.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PWD/bin:$PATH"
work=demo-data/proofs
rm -rf $work
mkdir -p $work

run() {
  printf '\n\033[1m$ %s\033[0m\n' "$*"
  "$@"
}
# refused runs a command that must fail with status 1.
refused() {
  printf '\n\033[1m$ %s\033[0m\n' "$*"
  local status=0
  "$@" || status=$?
  echo "exit status $status"
  [ $status = 1 ]
}
title() { printf '\n\033[1m=== %s\033[0m\n' "$*"; }

title 'The same text, schema and options: the same bytes'
run zqc compile examples/queries/states.zql --schema examples/schema.zql -o $work/a.zqb
run zqc compile examples/queries/states.zql --schema examples/schema.zql -o $work/b.zqb
run cmp $work/a.zqb $work/b.zqb && echo identical

title 'One flipped byte'
size=$(stat -c %s $work/a.zqb)
at=$((size / 2))
byte=$(od -An -tu1 -j $at -N 1 $work/a.zqb | tr -d ' ')
cp $work/a.zqb $work/flipped.zqb
printf "$(printf '\\%03o' $((byte ^ 1)))" | dd of=$work/flipped.zqb bs=1 seek=$at conv=notrunc status=none
refused zqc verify $work/flipped.zqb --schema examples/schema.zql

title 'kill -9 in the middle of an import'
awk 'BEGIN { print "id,name,score"; for (i = 1; i <= 2000000; i++) printf "%d,name %d,%d\n", i, i, (i * 7919) % 1000 }' > $work/big.csv
echo "$ zerodb import --dir $work/db --table person $work/big.csv &"
zerodb import --dir $work/db --table person $work/big.csv > $work/import.log 2>&1 &
importer=$!
sleep 4
echo "\$ kill -9 $importer"
kill -9 $importer
wait $importer 2> /dev/null || echo "the import ended with status $?"
run zerodb check --dir $work/db
run zerodb sql --dir $work/db --format json -c 'SELECT FOLD count() AS records, FOLD max(record::key(id)) AS last FROM person'

title 'Five mistakes'
refused zqc check examples/mistakes.zql --schema examples/schema.zql
