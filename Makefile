# otpgate: `make help` lists the targets.
SHELL     := /bin/bash
GO        ?= go
TOOLS     := $(CURDIR)/.tools
LINTER    := $(TOOLS)/golangci-lint
LINTER_AT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
VULNCHECK := $(TOOLS)/govulncheck
VULNCHECK_AT := golang.org/x/vuln/cmd/govulncheck@v1.8.0
K6        := $(TOOLS)/k6
K6_AT     := go.k6.io/k6@v1.8.1
BASELINE  := deploy/bench/baseline.json
FUZZTIME  ?= 30s
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT    ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LDFLAGS   := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)
# The client of Redis has a method for each command on each kind of client: inlining into them costs two megabytes.
GCFLAGS   := github.com/redis/go-redis/...=-l

.DEFAULT_GOAL := help
.PHONY: help run build test lint fuzz bench bench-full bench-baseline loads drill cover vuln licences notices release reproducible generate tidy packages clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## start the sandbox: gateway, local twins of the upstreams and a demo app, no account needed
	@./bin/otpgate sandbox

build: ## build bin/otpgate, static
	CGO_ENABLED=0 $(GO) build -trimpath -tags grpcnotrace -gcflags '$(GCFLAGS)' -ldflags '$(LDFLAGS)' -o bin/otpgate ./cmd/otpgate

test: packages ## run everything that CI runs but the linters, installing what is missing
	$(GO) vet ./...
	CGO_ENABLED=1 $(GO) test -race -shuffle=on -timeout 14m ./...

lint: $(LINTER) ## run the linters
	$(LINTER) run ./...

vuln: $(VULNCHECK) ## look for known vulnerabilities that the program can reach; GOVULNDB names another database
	@GOVULNDB='$(GOVULNDB)' bash deploy/vuln.sh $(VULNCHECK)

licences: ## refuse a linked module whose licence is unknown or not allowed, and an old docs/licences.md
	@$(GO) run ./deploy/licences -check docs/licences.md

notices: ## write docs/licences.md anew
	@$(GO) run ./deploy/licences -page docs/licences.md

release: ## build bin/release: programs for Linux and macOS, bills of materials, licences, checksums
	@bash deploy/release.sh bin/release $(VERSION) $(COMMIT)

reproducible: ## build a release twice, from two places, and compare the bytes; takes about five minutes
	@bash deploy/reproducible.sh

fuzz: ## run every fuzz target for FUZZTIME (30s)
	@bash deploy/fuzz.sh $(FUZZTIME)

bench: bin/bench ## measure the gateway beside its yardsticks and against its baseline, short form: three minutes
	./bin/bench --commit '$(VERSION)' --page docs/performance.md --compare $(BASELINE) $(BENCH)

bench-full: bin/bench ## the full form: more and longer rounds, and a million live verifications; about 20 minutes
	./bin/bench --full --commit '$(VERSION)' --page docs/performance.md $(BENCH)

bench-baseline: bin/bench ## measure the short form and keep it as the baseline; do it on a quiet machine
	./bin/bench --commit '$(VERSION)' --compare $(BASELINE) --save $(BASELINE) $(BENCH)

.PHONY: bin/bench
bin/bench: build loads
	$(GO) build -o bin/bench ./deploy/bench

drill: build packages ## break what a gateway depends on, and see whether it keeps its word; takes about ten minutes
	$(GO) build -o bin/drill ./deploy/drill
	./bin/drill $(if $(ONLY),--only $(ONLY)) --otpgate bin/otpgate

# What makes the load, and the second store. Installing redis-server may start one: the bench starts its own, elsewhere.
loads: $(K6)
	@command -v wrk >/dev/null && command -v redis-server >/dev/null || { echo "installing wrk and redis-server"; apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq wrk redis-server; }

cover: ## show what the tests reach
	$(GO) test -coverprofile=coverage.out ./...
	$(GO) tool cover -func=coverage.out | tail -1

generate: ## write the generated files anew: config schema, error table
	$(GO) test ./gateway -run Drift -update

tidy: ## tidy go.mod and format the code
	$(GO) mod tidy
	gofmt -w $$(git ls-files '*.go')

# The race detector needs a C compiler, which a machine with nothing but Go does not have; the tests of deploy/prometheus
# start a real Prometheus.
packages:
	@command -v gcc >/dev/null || { echo "installing gcc for the race detector"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq gcc libc6-dev; }
	@command -v redis-server >/dev/null || { echo "installing redis-server for the tests of the shared store"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server; }
	@command -v promtool >/dev/null || { echo "installing prometheus to check alerts and dashboard"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends prometheus; }
	@command -v chromium >/dev/null || { echo "installing chromium to look at the console's pages"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; }
	@command -v npm >/dev/null || { echo "installing npm for an SMSC that was not written here"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends npm; }

$(LINTER):
	GOBIN=$(TOOLS) $(GO) install $(LINTER_AT)

$(K6):
	GOBIN=$(TOOLS) $(GO) install $(K6_AT)

$(VULNCHECK):
	GOBIN=$(TOOLS) $(GO) install $(VULNCHECK_AT)

clean: ## remove what was built
	rm -rf bin coverage.out
