# Milepost needs Python 3.11 or newer and make. Every target makes what it needs; a second call starts at once.

VENV ?= .venv
export VENV
RUNTIME := $(VENV)/.stamps/runtime
DEVELOPMENT := $(VENV)/.stamps/development
PY := $(VENV)/bin/python
ARGS ?=
# the whole suite runs on as many processes as there are processors; a part of it, on one
PARALLEL = $(if $(ARGS),,-n logical --maxprocesses 8 --dist loadfile)

.DEFAULT_GOAL := help
.PHONY: help run test check check-deep lint types contracts format generate verify bench lock browser clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUNTIME) ## Start Milepost with its own PostgreSQL and NATS; Ctrl-C stops it (ARGS="--port 9000")
	@exec $(VENV)/bin/milepost up $(ARGS)

test: $(DEVELOPMENT) ## Run the tests, but for the slow ones, on a real PostgreSQL and a real nats-server (ARGS="-k board", ARGS="-m slow")
	@$(PY) -m pytest $(PARALLEL) $(ARGS)

check: lint types contracts verify browser test ## All that must hold before a change lands

check-deep: $(DEVELOPMENT) ## What takes minutes: mistakes put into the rules, 10,000 random runs (ARGS="--seed 7")
	@$(PY) -m tools.deep $(ARGS)

lint: $(DEVELOPMENT) ## Check style and formatting
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check --quiet . || { echo "run: make format"; exit 1; }

types: $(DEVELOPMENT) ## Check types, strictly
	@$(PY) -m mypy

contracts: $(DEVELOPMENT) ## Check who imports whom
	@$(VENV)/bin/lint-imports --no-cache

format: $(DEVELOPMENT) ## Format the code and put imports in order
	@$(PY) -m ruff check --quiet --fix-only .
	@$(PY) -m ruff format --quiet .

generate: $(DEVELOPMENT) ## Write all generated files: OpenAPI, AsyncAPI, references
	@$(PY) -m tools.generate

verify: $(DEVELOPMENT) ## Fail if a generated file is not what its generator writes
	@$(PY) -m tools.generate --verify

bench: $(DEVELOPMENT) ## Measure, and write bench/results (ARGS="append --scale 0.01")
	@$(PY) -m bench $(ARGS)

lock: $(DEVELOPMENT) ## Write the hash-locked lists from pyproject.toml
	@sh tools/lock.sh

browser:
	@sh tools/browser.sh

clean: ## Remove the environment and every cache
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info

$(RUNTIME): requirements.lock pyproject.toml tools/environment.sh
	@sh tools/environment.sh requirements.lock $@

$(DEVELOPMENT): requirements-dev.lock pyproject.toml tools/environment.sh
	@sh tools/environment.sh requirements-dev.lock $@
	@touch $(RUNTIME)
