# `make help` lists what there is to do. Each target first installs what is missing into .venv.

# The Python of the environment that is there, else the first of these that is 3.11, 3.12 or 3.13.
SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for python in .venv/bin/python python3.11 python3.12 python3.13 python3; do \
  $$python -c '$(SUITABLE)' 2>/dev/null && echo $$python && break; done)
# Empty: as in the environment that is there, else the first.
TIER ?=       # detection or classification
OPERATORS ?=  # stand-ins or compiled (needs a C++ compiler)
TORCH ?=      # pinned or system: that of $(PYTHON)
WHEELS ?=     # a folder of wheels to install from without a network; `make wheels` fills it
PYTEST_ARGS ?=
DEMO_ARGS ?=
BENCH_ARGS ?=
BIN := .venv/bin
# Tests of processes wait for them, so there is one more at a time than cores.
WORKERS = $(shell $(BIN)/python -c 'import os; print(min(4, os.cpu_count() + 1))')
FIND_PYTHON = "$(or $(PYTHON),false)" -c '' 2>/dev/null || { \
  echo 'error: no $(or $(PYTHON),python3.11 to python3.13) here: install Python 3.11 or newer, or name it, as in:' \
  'make PYTHON=/path/to/python3.11' >&2; exit 1; }
INSTALL_ARGS = $(foreach name,TIER OPERATORS TORCH WHEELS,$(if $(strip $($(name))),\
  --$(shell echo $(name) | tr A-Z a-z) "$(strip $($(name)))"))

.DEFAULT_GOAL := help
.PHONY: help demo test bench docs lint format check install wheels doctor clean clean-venv

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: install  ## Pre-train, transfer to detection and report, on data that ships inside a package (resumes)
	@$(BIN)/python tools/demo.py $(DEMO_ARGS)

test: install  ## Run the tests; PYTEST_ARGS='-k name --runslow' goes to pytest
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile $(PYTEST_ARGS)

bench: install  ## Measure speed and memory into benchmarks/; BENCH_ARGS='--images DIR' for pictures of your own
	@$(BIN)/python tools/benchmark.py all $(BENCH_ARGS)

docs: install  ## Build the pages and the reference into work_dirs/docs, to read from disk
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements/constraints.txt -r requirements/docs.txt
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict && echo 'wrote work_dirs/docs/index.html'

lint: install  ## Check formatting, lint and types
	@status=0; for check in 'ruff format --check .' 'ruff check .' mypy; do $(BIN)/$$check || status=1; done; exit $$status

format: install  ## Format the code, and fix what the linter can fix by itself
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

check: lint test  ## make lint, then make test

install:  ## Make .venv and install everything with exact versions; options at the top of the Makefile
	@$(FIND_PYTHON)
	@"$(PYTHON)" tools/install.py $(INSTALL_ARGS)

wheels:  ## Fill a folder (WHEELS=DIR) with wheels for `make install TORCH=system WHEELS=DIR` without a network
	@$(FIND_PYTHON)
	@"$(PYTHON)" tools/install.py --collect "$(or $(strip $(WHEELS)),wheels)"

doctor: install  ## Say which tier works, what is wrong, and the command that fixes it
	@$(BIN)/python -m agmax_mm doctor

clean:  ## Remove caches and build products
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	@find agmax_mm benchmarks configs tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

clean-venv:  ## Remove .venv
	@rm -rf .venv
