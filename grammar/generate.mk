# Generated code: gen/ is made from grammar/ and from the operator table, byte for byte, and committed.
#
#   make generate         rebuilds it
#   make generate-check   proves that it is what `make generate` makes
#
# ANTLR comes as the jar inside an npm package, pinned by grammar/package-lock.json and by the checksum below. It needs
# Java 11 or newer and npm; building zerodb needs neither.

ANTLR_JAR    := grammar/node_modules/antlr4ng-cli/antlr4-4.13.2-SNAPSHOT-complete.jar
ANTLR_SHA256 := 156a885bdaf847601d4b0350185dfaa5c4aee36c9a9c4c1632c31b0381360d39
# Run inside grammar/ with bare file names: ANTLR copies the names it is given into the header of what it makes.
ANTLR        := java -jar ../$(ANTLR_JAR) -Dlanguage=Go -package zeroql -no-listener -no-visitor -Werror

$(ANTLR_JAR): grammar/package.json grammar/package-lock.json
	cd grammar && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

.PHONY: antlr-jar
antlr-jar: $(ANTLR_JAR)
	@echo "$(ANTLR_SHA256)  $(ANTLR_JAR)" | sha256sum --check --quiet \
		|| { echo "generate: $(ANTLR_JAR) is not the pinned tool" >&2; exit 1; }

# generate_into makes every generated file below the directory $(1), as it lies below the module's root.
define generate_into
	rm -rf .tools/antlr && mkdir -p .tools/antlr $(1)/gen/zeroql
	cd grammar && $(ANTLR) -o $(abspath .tools/antlr) ZeroQLLexer.g4 ZeroQLParser.g4
	rm -f $(1)/gen/zeroql/* && cp .tools/antlr/*.go $(1)/gen/zeroql/
	go run ./tools/opgen -root $(1)
endef

.PHONY: generate
generate: antlr-jar ## rebuilds gen/ (needs npm and java)
	$(call generate_into,.)

# Into a directory of its own, so that a check changes nothing. Every file made must be there, the same, and gen/ must
# hold no other.
GENERATED := .tools/generated

.PHONY: generate-check
generate-check: antlr-jar ## proves that gen/ is what generate makes
	@rm -rf $(GENERATED)
	$(call generate_into,$(GENERATED))
	@bad=0; \
	for f in $$(cd $(GENERATED) && find . -type f); do cmp "$$f" "$(GENERATED)/$$f" || bad=1; done; \
	for f in $$(find gen -type f); do test -e "$(GENERATED)/$$f" || { echo "$$f is made by nothing"; bad=1; }; done; \
	if [ $$bad = 1 ]; then \
		echo "generate-check: generated files differ from what 'make generate' makes; run it and commit the result" >&2; exit 1; \
	fi; \
	echo "generate-check: every generated file is what 'make generate' makes"
