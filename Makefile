# Every command of the project. `make` alone lists them.

# What the environment may hold must not change what is built or tested.
export GOFLAGS := -buildvcs=false
export GOWORK := off
export CGO_ENABLED := 1

# Tools run at a pinned version, outside the program's go.mod: docs/adr/0002.
GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)

.DEFAULT_GOAL := help

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

run: ## serve from the sources; ARGS='drill --to …' for another command
	go run ./cmd/backstop $(ARGS)

build: ## the released program, one static file: bin/backstop
	scripts/build.sh bin/backstop $(VERSION)

test: test-tools ## every test, shuffled, with the race detector
	@scripts/counted.sh scripts/test.sh

torture: test-tools ## every test that has a long form, in that form, and what they counted: hours; ARGS=Kill for some
	@scripts/torture.sh '$(ARGS)'

fuzz: ## fuzz whatever reads strangers' bytes; ARGS=5m for each, what is of interest is kept
	scripts/fuzz.sh $(ARGS)

test-tools: ## what the tests need beside Go: installed when root, else named
	@scripts/test-tools.sh

check: format vet lint deadcode modules ## everything about the code that needs no run

format:
	@echo '==> format: gofumpt and gci (mend it with: make fmt)'
	@$(GOLANGCI_LINT) fmt --diff ./...

vet:
	@echo '==> go vet'
	@go vet ./...

lint:
	@echo '==> golangci-lint'
	@$(GOLANGCI_LINT) run --allow-serial-runners --timeout=20m ./...

deadcode:
	@echo '==> deadcode'
	@scripts/deadcode.sh

modules:
	@echo '==> go mod tidy, go mod verify'
	@go mod tidy -diff
	@go mod verify

fmt: ## rewrite the sources in the house's format
	$(GOLANGCI_LINT) fmt ./...

bench: build bench-tools ## the figures of bench/README.md; ARGS are passed on
	go run ./bench $(ARGS)

bench-tools: ## what the figures need beside Go: Express and better-sqlite3
	@scripts/npm-ci.sh bench/express

image-root: ## the image's root folder without a container engine, measured and tried
	scripts/image-root.sh build/image-root $(VERSION)
	scripts/image-try.sh build/image-root

clean: ## what the commands above built
	rm -rf bin build testtools/node_modules bench/express/node_modules

.PHONY: help run build test torture fuzz test-tools check format vet lint deadcode modules fmt bench bench-tools image-root clean
