# What people run. `make demo` and `make test` are all that a newcomer needs; see README.md.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Calls of the demonstration, and whether it ends by itself with a summary.
CALLS ?= 200
EXIT ?= 0
# Seeds of the simulation.
SEEDS ?= 1..100
# Seconds for each fuzz target.
FUZZ_SECONDS ?= 600

help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: ## A campaign on a real Asterisk, from nothing
	@scripts/demo.sh "$(CALLS)" "$(EXIT)"

test: ## Everything: format, lints, units, layers, simulation, store, API, live calls
	@scripts/test.sh

check: ## What to run before asking for review: format, lints, fast tests, 100 seeds
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo test -p cadran-ari -p cadran-agi -p cadran-engine -p cadran-sim --locked
	cargo test -p cadran --lib --test layers --locked

bench: ## Every figure of speed and size, each with its target
	@scripts/bench.sh

mutants: ## Does the simulation notice bugs? Puts classic ones in, one after the other
	cargo run --release --locked -p cadran-sim --example mutants

soak: ## Ten thousand seeds of the simulation, and ten thousand random flows on both sides of the driver
	cargo run --release --locked -p cadran-sim -- --seeds 1..10000
	PROPTEST_CASES=10000 cargo test --release --locked -p cadran-engine --test flow_driver

fuzz: ## Ten minutes of odd input for each reader of strangers' data
	@scripts/fuzz.sh "$(FUZZ_SECONDS)"

security: ## What an attacker would try, a line for each attack
	@scripts/security.sh

scripts-update: ## Rewrite the transcripts of the script tests; read the difference before you commit it
	UPDATE_SCRIPTS=1 cargo test -p cadran-engine --test scripts --locked

.PHONY: help demo test check bench mutants soak fuzz security scripts-update
