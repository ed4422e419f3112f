# What people run: `make serve` to try the registry, `make test` to check a change. Everything lives in .venv.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin

# The first interpreter that runs and is new enough; `make PYTHON=/path/to/python …` overrides it.
PYTHON ?= $(shell for python in python3.12 python3.11 python3 python; do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; \
	done)

RUNTIME := $(VENV)/.installed-runtime
DEVELOPMENT := $(VENV)/.installed-development

.PHONY: help serve test lint unit integration bench clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

serve: $(RUNTIME) ## run a registry at http://127.0.0.1:5000 with its data in ./data
	@PUBLIC_URL="$${PUBLIC_URL-http://127.0.0.1:$${LISTEN_PORT:-5000}}" exec $(BIN)/terrareg serve

test: $(DEVELOPMENT) ## run every test, and measure how much of the core they cover
	$(BIN)/nox --session tests

lint: $(DEVELOPMENT) ## check style, types and the direction of imports
	$(BIN)/nox --session lint

unit: $(DEVELOPMENT) ## run the tests of the core only
	$(BIN)/nox --session unit

integration: $(DEVELOPMENT) ## run the tests of adapters, HTTP API and command
	$(BIN)/nox --session integration

bench: $(DEVELOPMENT) ## measure the answers that terraform waits for, and what reading a module costs
	$(BIN)/python -m benchmarks.hot_path
	$(BIN)/python -m benchmarks.indexing

clean: ## delete the environment and every cache; ./data stays
	rm -rf $(VENV) .nox .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "terrareg needs Python 3.11 or newer with its venv module: install it (Debian: apt-get install python3-venv), or name one with make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@# Dependency groups are known to pip from 25.1 on.
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

# The stamps make a second run start at once; a changed pyproject.toml installs again.
$(RUNTIME): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(DEVELOPMENT): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[postgresql]' --group dev
	@touch $@ $(RUNTIME)
