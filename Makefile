# `make help` lists what there is to do. Each target first installs what is missing into .venv.

PYTHON ?= python3.11
TIER ?= detection
PYTEST_ARGS ?=
DEMO_ARGS ?=
BENCH_ARGS ?=
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo test bench lint format check install doctor clean clean-venv

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: install  ## Pre-train, transfer to detection and report, on data that ships inside a package (resumes)
	@$(BIN)/python tools/demo.py $(DEMO_ARGS)

test: install  ## Run the tests; PYTEST_ARGS='-k name --runslow' goes to pytest
	@$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile $(PYTEST_ARGS)

bench: install  ## Measure speed and memory into benchmarks/; BENCH_ARGS='--images DIR' for pictures of your own
	@$(BIN)/python tools/benchmark.py all $(BENCH_ARGS)

lint: install  ## Check formatting, lint and types
	@status=0; for check in 'ruff format --check .' 'ruff check .' mypy; do $(BIN)/$$check || status=1; done; exit $$status

format: install  ## Format the code, and fix what the linter can fix by itself
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

check: lint test  ## make lint, then make test

install:  ## Make .venv and install everything with exact versions; TIER=classification needs no compiler
	@$(PYTHON) -c '' 2>/dev/null || { \
	  echo 'error: no $(PYTHON) here: install Python 3.11 or name it, as in: make PYTHON=/path/to/python3.11' >&2; exit 1; }
	@$(PYTHON) tools/install.py --tier $(TIER)

doctor: install  ## Say which tier works, what is wrong, and the command that fixes it
	@$(BIN)/python -m agmax_mm doctor

clean:  ## Remove caches and build products
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	@find agmax_mm benchmarks configs tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

clean-venv:  ## Remove .venv
	@rm -rf .venv
