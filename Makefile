# Everything that is done with this repository is a target here. They need go, and where they say so npm and java;
# `make help` lists them.

.DEFAULT_GOAL := build
SHELL := /bin/bash
# Everything is built and tested as it is shipped; only the race detector needs a C compiler.
export CGO_ENABLED := 0
export GOFLAGS := -buildvcs=false $(filter-out -buildvcs=%,$(GOFLAGS))

TOOLS     := .tools
# A fuzz target runs so long in `make fuzz`; a torture test with so many seeds in `make torture`.
FUZZTIME  ?= 20s
SEEDS     ?= 1000

.PHONY: help
help: ## lists the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

.PHONY: build
build: ## bin/zqc, bin/zerodb and bin/zbench, without cgo
	go build -trimpath -ldflags '-s -w' -o bin/ ./cmd/zqc ./cmd/zerodb ./cmd/zbench

# ---- tests

.PHONY: test
test: ## all tests; fuzz targets with their seeds, torture tests with few; concurrent packages also under the race detector
	go test -timeout 20m ./...
	@if command -v $${CC:-cc} >/dev/null; then $(MAKE) --no-print-directory race PACKAGES='$(CONCURRENT)'; \
	else echo "no C compiler: the race detector is left out (make race)"; fi

# Packages that goroutines share.
CONCURRENT := . ./storage/... ./vm ./compiler/parse
PACKAGES   ?= ./...

.PHONY: race
race: ## all tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race -timeout 40m $(PACKAGES)

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME
	@set -e; for pkg in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "== $$pkg $$target"; go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done

.PHONY: json-suite
json-suite: ## the JSON parser against the files of JSONTestSuite, fetched once (needs git)
	@test -d $(TOOLS)/JSONTestSuite || git clone --quiet --depth 1 https://github.com/nst/JSONTestSuite $(TOOLS)/JSONTestSuite
	JSON_TEST_SUITE=$(abspath $(TOOLS))/JSONTestSuite go test -count=1 -run TestJSONTestSuite -v ./ops

.PHONY: torture
torture: ## every random-operation test with SEEDS seeds, every crash test again
	RAPID_CHECKS=$(SEEDS) go test -count=1 -timeout 180m ./...

.PHONY: kill
kill: ## kill -9 of the server under 64 writers, 50 times: what was acknowledged is there, once
	ZERODB_KILLS=50 go test -count=1 -v -timeout 60m -run TestKilledUnderWriters ./cmd/internal/database

.PHONY: load
load: ## a server with 1,000 connections, 64 of them busy with everything for a minute
	ZERODB_LOAD_CONNECTIONS=1000 ZERODB_LOAD_BUSY=64 ZERODB_LOAD_SECONDS=60 go test -count=1 -v -run TestLoad ./cmd/internal/database

# ---- lint. Its tools are built from tools/toolbox, a module of their own, so that no user of zerodb downloads them.

STATICCHECK := $(TOOLS)/staticcheck
GOLANGCI    := $(TOOLS)/golangci-lint
# gen/zeroql is what ANTLR writes; it has code after return.
HAND_WRITTEN = $$(go list ./... | grep -v '/gen/zeroql$$')

$(STATICCHECK): tools/toolbox/go.mod tools/toolbox/go.sum
	cd tools/toolbox && go build -o $(abspath $@) honnef.co/go/tools/cmd/staticcheck

$(GOLANGCI): tools/toolbox/go.mod tools/toolbox/go.sum
	cd tools/toolbox && go build -o $(abspath $@) github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.PHONY: lint
lint: gofmt vet layers staticcheck golangci protocol ## gofmt, vet, layers, staticcheck, golangci-lint, the protocol (needs npm)

.PHONY: gofmt
gofmt:
	@out=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$out" ]; then echo "not gofmt-clean:"; echo "$$out"; exit 1; fi
	@echo "gofmt: clean"

.PHONY: vet
vet:
	go vet $(HAND_WRITTEN)
	go vet -unreachable=false ./gen/zeroql

.PHONY: layers
layers: ## imports point the way docs/architecture.md says
	go run ./tools/layers

.PHONY: staticcheck
staticcheck: $(STATICCHECK)
	$(STATICCHECK) $(HAND_WRITTEN)

.PHONY: golangci
golangci: $(GOLANGCI)
	$(GOLANGCI) run ./...

# ---- generated code

include grammar/generate.mk

# ---- to look at

.PHONY: bench
bench: ## the figures, beside raw Pebble and SQLite, in one table and bench/results.jsonl
	go run ./bench

.PHONY: demo
demo: build ## real data in, queries compiled offline, shown and run
	@examples/demo.sh

.PHONY: proofs
proofs: build ## same bytes, a flipped byte, kill -9, five mistakes
	@examples/proofs.sh

.PHONY: proof
proof: ## five million rows grouped, sorted and made distinct in 64 MiB
	ZERODB_PROOF=1 go test -count=1 -v -run TestFiveMillionRows .

.PHONY: clean
clean: ## removes what make made
	rm -rf bin demo-data $(TOOLS) bench/results.jsonl grammar/node_modules
