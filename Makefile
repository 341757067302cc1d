# `make` alone lists the commands. Each of them sets up what it needs; a second run of the set-up takes no time.
#   PYTHON=python3.13   the Python to make the environment with (default: the first of 3.11, 3.12, 3.13 that is found)
#   VENV=.venv          where the environment is
#   LAB=--no-browser    options of `course lab`
#   NOTEBOOKS=solutions which notebooks `test-notebooks` compares

PYTHON ?=
VENV ?= .venv
LAB ?=
NOTEBOOKS ?= notebooks solutions
UV_VERSION := 0.13.9

BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/python -P -m pytest
PARALLEL := -n 2 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help setup lab test test-python test-notebooks browser-test services-test screenshot bench load build prove lint format lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv with everything requirements.lock pins

$(READY): requirements.lock pyproject.toml
	@if [ ! -x $(BIN)/python ]; then \
	    for candidate in $(or $(PYTHON),python3.11 python3.12 python3.13 python3); do \
	        if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; \
	        then found=$$candidate; break; fi; \
	    done; \
	    if [ -z "$$found" ]; then \
	        echo "No Python 3.11, 3.12 or 3.13 with venv and pip was found$(if $(PYTHON), as $(PYTHON)): install one (on Debian: python3 and python3-venv), or name it: make setup PYTHON=/path/to/python3.11" >&2; \
	        exit 1; \
	    fi; \
	    "$$found" -m venv --clear $(VENV); \
	fi
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@# pip does the same, slower, where uv does not reach the packages (a mirror that only pip is told of).
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock \
	    || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(READY)

lab: $(READY) ## open the course in JupyterLab
	@$(BIN)/course lab $(LAB)

test: lint test-python test-notebooks ## everything a fresh machine can run

test-python: $(READY)
	$(PYTEST) tests --ignore tests/browser --ignore tests/services -n 2 --dist worksteal

test-notebooks: $(READY)
	$(PYTEST) --nbval $(NOTEBOOKS) $(PARALLEL)

browser-test: $(READY) ## the course in headless Chromium
	$(PYTEST) tests/browser -n 3 --dist worksteal

services-test: $(READY) ## the app on PostgreSQL, Redis and Celery (needs postgresql and redis-server)
	$(PYTEST) tests/services -n 3 --dist worksteal

screenshot: $(READY) ## make docs/screenshot.png anew
	$(BIN)/python tests/browser/screenshot.py

bench: $(READY) ## the times of the course beside their budgets
	$(BIN)/python -P tests/bench/bench.py

load: $(READY) ## requests a second beside a bare app (needs postgresql and redis-server)
	$(BIN)/python -P tests/bench/load.py

build: $(READY) ## build notebooks/, solutions/ and course_app/ from chapters/
	@$(BIN)/course build

prove: $(READY) ## show that the checks tell right from wrong
	@$(BIN)/course prove

lint: $(READY) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY) ## let ruff lay out the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(READY) ## pin the dependencies of pyproject.toml anew
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    --quiet --output-file requirements.lock

clean: ## remove the environment and the caches; the workspace stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .cache *.egg-info build
