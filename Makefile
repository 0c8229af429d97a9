# Everything starts here: `make help`. Only python3 (3.11 or newer, with venv) has to be there.
SHELL := /bin/sh
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
export PYTHON

.DEFAULT_GOAL := help
.PHONY: run test lint e2e faults office bench pins clean-var help env env-dev system

run: env ## Start everything and a first export; ARGS=--once stops after it, ARGS="--port 9000" moves it
	@$(BIN)/python manage.py compile_locale
	@$(BIN)/python manage.py up $(ARGS)

test: env-dev system ## All tests, browser included; ARGS="-k name" picks some
	@$(BIN)/python manage.py compile_locale
	@$(BIN)/python -m pytest $(ARGS)

lint: env-dev ## Style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

e2e: env-dev system ## Only the tests in a real browser
	@$(BIN)/python manage.py compile_locale
	@$(BIN)/python -m pytest -m e2e $(ARGS)

faults: env-dev ## Only the tests that start and kill real processes
	@$(BIN)/python -m pytest -m processes $(ARGS)

office: env-dev ## Install LibreOffice Calc (apt, 300 MB) and have it open what we write
	@sh deploy/system_packages.sh office
	@$(BIN)/python manage.py compile_locale
	@$(BIN)/python -m pytest tests/jobs/formats/test_office.py $(ARGS)

bench: env-dev ## Measure ours and the peers in turn; writes docs/benchmarks.md; ARGS="--rows 300000 --only csv"
	@$(BIN)/python -m bench $(ARGS)

pins: env-dev ## Renew requirements*.txt from requirements*.in
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --no-header --no-emit-index-url --universal --python-version 3.11 requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --no-header --no-emit-index-url --universal --python-version 3.11 requirements-dev.in -o requirements-dev.txt

clean-var: ## Delete the demo database, files and secrets under var/
	@if [ -e var/postgres/users.lock ] && ! flock -n var/postgres/users.lock true; then \
		echo "Export Center is running on var/: stop it first." >&2; exit 1; fi
	rm -rf var

help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

env:
	@sh deploy/python_env.sh requirements.txt

env-dev:
	@sh deploy/python_env.sh requirements-dev.txt

system:
	@sh deploy/system_packages.sh
