# Everything a newcomer types. `make` alone explains.

PYTHON ?= python3
TOOLS := $(or $(GITWARRANT_TOOLS),.tools)
BIN := .venv/bin
# More arguments for pytest: make test PYTEST="tests/unit -x"
PYTEST ?=
# A file's tests stay together; each process has a cluster and a forge of its own.
PROCESSES ?= -n auto --maxprocesses 4 --dist loadfile

# Only a cluster named on the command line is used, never one that happens to be in the environment.
CLUSTER := $(if $(filter command line,$(origin KUBECONFIG)),$(KUBECONFIG))

.DEFAULT_GOAL := help
.PHONY: help up down test lint tools fuzz bench

help: ## show this
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  make %-6s %s\n", $$1, $$2 }'

up: .venv/runtime.installed ## see an attack refused and a signed change deployed (KUBECONFIG=... YES=1 for your own cluster)
ifeq ($(CLUSTER),)
	@mkdir -p $(TOOLS)
	@nice -n 10 $(BIN)/python tools/build.py >$(TOOLS)/build.log 2>&1 </dev/null &
endif
	@$(BIN)/gitwarrant demo $(if $(CLUSTER),--kubeconfig '$(CLUSTER)') $(if $(YES),--yes)

down: .venv/runtime.installed ## end and remove all that `make up` started
	@$(BIN)/gitwarrant demo --down

test: .venv/dev.installed ## run all tests; the last line counts them (PYTEST="..." for pytest's arguments)
	@if command -v go >/dev/null; then $(BIN)/python tools/build.py --tests; \
	else echo "Go is not installed: tests that need a cluster will be skipped, unless its programs are on PATH"; fi
	@$(BIN)/pytest $(PROCESSES) $(PYTEST)

lint: .venv/dev.installed ## style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

tools: ## build the real parts that the sandbox needs (NAMES="kubectl ..." for some, NAMES=--tests for more)
	@$(PYTHON) tools/build.py $(NAMES)

fuzz: .venv/dev.installed ## feed the parsers with garbage, guided by coverage (SECONDS=35 for all of them; NAMES="sshsig ...")
	@$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),35) $(NAMES)

bench: .venv/dev.installed ## measure, each figure beside its limit
	@$(BIN)/python -m bench

.venv/runtime.installed: requirements.lock requirements-uv.lock tools/venv.sh
	@tools/venv.sh '$(PYTHON)' requirements.lock
	@touch $@

.venv/dev.installed: requirements-dev.lock .venv/runtime.installed
	@tools/venv.sh '$(PYTHON)' requirements-dev.lock
	@touch $@
