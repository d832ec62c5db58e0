# otpgate: `make help` lists the targets.
SHELL     := /bin/bash
GO        ?= go
TOOLS     := $(CURDIR)/.tools
LINTER    := $(TOOLS)/golangci-lint
LINTER_AT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME  ?= 30s
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS   := -s -w -X main.version=$(VERSION)

.DEFAULT_GOAL := help
.PHONY: help run build test lint fuzz bench wrk drill cover generate tidy packages clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## start the sandbox: gateway, local twins of the upstreams and a demo app, no account needed
	@./bin/otpgate sandbox

build: ## build bin/otpgate, static
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/otpgate ./cmd/otpgate

test: packages ## run everything that CI runs but the linters, installing what is missing
	$(GO) vet ./...
	CGO_ENABLED=1 $(GO) test -race -shuffle=on -timeout 14m ./...

lint: $(LINTER) ## run the linters
	$(LINTER) run ./...

fuzz: ## run every fuzz target for FUZZTIME (30s)
	@bash deploy/fuzz.sh $(FUZZTIME)

bench: wrk ## measure the gateway beside its yardsticks; takes about two minutes
	$(GO) build -o bin/bench ./deploy/bench
	./bin/bench

drill: build ## break what a gateway depends on, and see whether it keeps its word; takes about seven minutes
	$(GO) build -o bin/drill ./deploy/drill
	./bin/drill $(if $(ONLY),--only $(ONLY)) --otpgate bin/otpgate

wrk:
	@command -v wrk >/dev/null || { echo "installing wrk"; apt-get update -qq && apt-get install -y -qq wrk; }

cover: ## show what the tests reach
	$(GO) test -coverprofile=coverage.out ./...
	$(GO) tool cover -func=coverage.out | tail -1

generate: ## write the generated files anew: config schema, error table
	$(GO) test ./gateway -run Drift -update

tidy: ## tidy go.mod and format the code
	$(GO) mod tidy
	gofmt -w $$(git ls-files '*.go')

# The race detector needs a C compiler, which a machine with nothing but Go does not have.
packages:
	@command -v gcc >/dev/null || { echo "installing gcc for the race detector"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq gcc libc6-dev; }

$(LINTER):
	GOBIN=$(TOOLS) $(GO) install $(LINTER_AT)

clean: ## remove what was built
	rm -rf bin coverage.out
