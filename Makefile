# Every target sets up what it needs; `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# The virtual environment's programs come first for everything below, the Procfile's processes included.
export PATH := $(CURDIR)/$(BIN):$(PATH)

DEMO_VAR ?= var/demo

.PHONY: help setup demo serve test test-fast check lint types imports bench evals docs lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(READY) ## Create .venv and install everything, exactly as locked

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -qq --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## Show the four specialists on the sample workspace, from question to report (no key, no service)
	@CREWDESK_WORKSPACE=examples/larkspur CREWDESK_VAR=$(DEMO_VAR) $(BIN)/python -m examples.demo

serve: export CREWDESK_WORKSPACE ?= examples/larkspur
serve: export CREWDESK_VAR ?= $(DEMO_VAR)
serve: $(READY) ## Ingest the sample workspace and run everything in one process
	@$(BIN)/python -m examples.larkspur_data
	@$(BIN)/crewdesk ingest
	@$(BIN)/crewdesk catalog load
	@$(BIN)/crewdesk serve

# Two at a time: each of them keeps a model and a server. A file's tests stay together, as they share both, and go in
# the order of their folders: by their number, the longest, which start processes, would come last, one after another.
PYTEST := $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

test: $(READY) ## Run the whole test-suite
	$(PYTEST) tests

test-fast: $(READY) ## Run unit, contract and architecture tests
	$(PYTEST) tests/unit tests/contract tests/architecture

check: lint types imports docs-check test ## All that CI checks

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports

docs: $(READY) ## Regenerate .env.example and the generated tables
	$(BIN)/python -m docs.generate

.PHONY: docs-check
docs-check: $(READY)
	$(BIN)/python -m docs.generate --check

bench: $(READY) ## Measure what the README claims
	$(BIN)/python -m benchmarks

evals: $(READY) ## Score answers on the sample workspace's questions
	$(BIN)/python -m evals.ask

lock: ## Resolve the dependencies anew into requirements.lock
	rm -rf build/lock
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install -qq --disable-pip-version-check '.[dev]'
	{ echo '# Exact versions of everything, made by `make lock`. torch carries no local version, so that pip takes the';\
	  echo '# CPU build from its find-links where there is one.';\
	  build/lock/bin/pip freeze --all --exclude crewdesk --exclude pip | sed -E 's/^(torch==[0-9.]+)\+cpu$$/\1/'; } > requirements.lock
	rm -rf build

clean: ## Remove what was built and what runs left behind
	rm -rf $(VENV) build var .mypy_cache .ruff_cache .pytest_cache .hypothesis
