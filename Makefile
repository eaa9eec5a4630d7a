# SalesOS on a fresh machine: `make run` and `make test` need Python 3.11 or newer, make, and nothing else.

PYTHON ?= python3
PORT ?= 8000
export PORT

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes
# Type checks read the settings, which would start the embedded server for nothing.
NO_SERVER := DATABASE_URL=postgres://nobody@localhost/nothing

.DEFAULT_GOAL := help
.PHONY: help run test bench lint format messages screenshots lock clean chromium

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/installed  ## serve the demo on http://127.0.0.1:8000 (PORT=…), its database included; Ctrl-C stops it all
	@exec $(BIN)/python manage.py serve --demo

test: $(VENV)/installed-dev chromium  ## run the whole suite
	@$(BIN)/python -m pytest -m alone
	@$(BIN)/python -m pytest -m "not alone" -n auto --maxprocesses 4 --dist worksteal

bench: $(VENV)/installed-dev  ## measure speed and memory beside the limits of the same machine
	@$(BIN)/python -m tests.bench

lint: $(VENV)/installed-dev  ## check style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(NO_SERVER) $(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/installed-dev  ## mend what can be mended by itself
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .

messages: $(VENV)/installed-dev  ## bring the catalogues of all languages up to date, and list what is not translated
	@$(NO_SERVER) $(BIN)/python -m tests.translations

screenshots: $(VENV)/installed-dev chromium  ## take the README's pictures of the demo company anew
	@$(BIN)/python -m tests.screenshots

lock: $(VENV)/pyvenv.cfg  ## write the lock files anew from pyproject.toml (UPGRADE=1 for the newest versions)
	@$(PYTHON) -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip --disable-pip-version-check --quiet install uv
	@$(UV_COMPILE) --output-file requirements.lock pyproject.toml
	@$(UV_COMPILE) --output-file requirements-dev.lock --group dev --constraint requirements.lock pyproject.toml
	@rm -rf $(VENV)/lock

UV_COMPILE = $(VENV)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

clean:  ## remove the virtual environment and caches; data under .data stays
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -not -path './.data/*' -prune -exec rm -rf {} +

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "SalesOS needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." >&2; \
		echo "Name another one: make PYTHON=python3.12 …" >&2; exit 1; }
	@echo "Making the virtual environment …"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/installed: $(VENV)/pyvenv.cfg requirements.lock
	@echo "Installing the locked dependencies …"
	@$(PIP) -r requirements.lock
	@touch $@

$(VENV)/installed-dev: $(VENV)/pyvenv.cfg requirements-dev.lock
	@echo "Installing the locked dependencies for development …"
	@$(PIP) -r requirements-dev.lock
	@touch $@

# Browser tests drive Debian's chromium. Where it can't be installed the rest of the suite still runs, but not in CI.
chromium:
	@if [ -x /usr/bin/chromium ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing chromium for the browser tests …"; \
		{ apt-get update && apt-get install --yes --no-install-recommends chromium; } >/dev/null && exit 0; \
	fi; \
	echo "Missing for the browser tests: /usr/bin/chromium (Debian: apt-get install chromium)." >&2; \
	[ "$(CI)" != true ]
