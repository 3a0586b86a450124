# The two commands of the README, and what CI and developers use. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

BINARY := target/release/silsila
DATA_HOME ?= $(if $(XDG_DATA_HOME),$(XDG_DATA_HOME),$(HOME)/.local/share)
# Where the demonstration lives; `make run DEMO=0` starts with an empty folder of its own instead.
DEMO ?= 1
STORE := $(DATA_HOME)/silsila/$(if $(filter 1,$(DEMO)),demonstration,own)
LISTEN ?= 127.0.0.1:8080
KILLS ?= 50

.PHONY: help needs build model run test property-test kill-test delivery-test fuzz api-test lint bench bench-quality bench-service bench-speed clean

help: ## List the commands
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

needs: ## Check what the machine must have; install it where that is possible
	@bash .ci/needs

build: needs ## Build the release binary
	cargo build --release --locked

model: build ## Fetch the model and ONNX Runtime, once
	$(BINARY) model fetch

run: model ## Fetch, build, put the demonstration in, serve on 127.0.0.1:8080 (DEMO=0: start without it)
	@if [ "$(DEMO)" = 1 ]; then $(BINARY) ingest --data-dir "$(STORE)" demo; fi
	$(BINARY) serve --data-dir "$(STORE)" --listen $(LISTEN)

# One change is judged by the same cases as the next; `make property-test` looks for new ones.
test: export PROPTEST_RNG_SEED ?= 1
test: ## Run everything that CI runs
	@bash .ci/needs tests
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	python3 -B benches/quality/tests.py
	python3 -B benches/speed/tests.py
	cargo build --locked
	target/debug/silsila model fetch
	cargo test --locked
	cargo run --locked --example fuzz -- 20000
	EXAMPLES=10 bash .ci/api-test target/debug/silsila

property-test: needs ## Try CASES random cases (4000) on what must hold whatever arrives and editors decide
	PROPTEST_CASES=$(or $(CASES),4000) cargo test --locked --lib -- pipeline::properties story::engine

fuzz: needs ## Throw CASES broken inputs at everything that reads input (CASES=10000000 SEED=1)
	cargo run --release --locked --example fuzz -- $(or $(CASES),1000000) $(or $(SEED),1)

api-test: model ## Try the running service against its own description with schemathesis
	@bash .ci/api-test $(BINARY)

kill-test: needs ## Kill the service KILLS times (50) while it is written to, and look for what is lost or broken
	cargo build --locked
	target/debug/silsila model fetch
	SILSILA_KILLS=$(KILLS) cargo test --locked --test it -- --nocapture kill::

delivery-test: needs ## Account for every alert of 10,000 articles to 100 watches, whose receivers fail, hang, restart
	cargo test --locked --lib track::tests::every_delivery_of_ten_thousand -- --ignored --nocapture

lint: needs ## Format and lint
	cargo fmt
	cargo clippy --locked --all-targets -- -D warnings

bench-quality: model ## Measure stories, speed and timelines; DATA=folder with the labelled sets, ARGS="--only og2021 --json"
	@python3 -B benches/quality $(ARGS) "$(DATA)"

bench-service: build ## Measure a large store being read, fed, started: DATA=folder with the collections, ARGS="--articles 20000"
	@python3 -B benches/service $(ARGS) "$(DATA)"

bench-speed: model ## Measure speed, memory and disk against the aims: DATA=folder with the collections, ARGS="--only stories,index --json"
	@python3 -B benches/speed $(ARGS) "$(DATA)"

bench: model ## Run every measurement: quality, then one table of speed (ARGS are of the latter)
	@python3 -B benches/quality "$(DATA)"
	@python3 -B benches/speed $(ARGS) "$(DATA)"

clean: ## Remove what was built; the model and the data stay
	cargo clean
