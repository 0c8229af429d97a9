# Everything starts here: `make help`. Only python3 (3.11 or newer, with venv) has to be there.
SHELL := /bin/sh
PYTHON ?= python3
ARGS ?=
PROCESSES ?= 2
BIN := .venv/bin
export PYTHON

.DEFAULT_GOAL := help
.PHONY: run test lint e2e screenshots faults office bench fuzz openapi openapi-client pins clean-var help env env-dev system

run: env ## Start everything and a first export; ARGS=--once stops after it, ARGS="--port 9000" moves it
	@$(BIN)/python manage.py compile_locale
	@$(BIN)/python manage.py up $(ARGS)

test: env-dev system ## All tests, browser included; ARGS="-k name" picks some
	@$(BIN)/python manage.py compile_locale
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile $(ARGS)

lint: env-dev ## Style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

e2e: env-dev system ## Only the tests in a real browser
	@$(BIN)/python manage.py compile_locale
	@$(BIN)/python -m pytest -m e2e $(ARGS)

screenshots: env-dev system ## Make the pictures of the user guide anew, in docs/images
	@$(BIN)/python manage.py compile_locale
	@$(BIN)/python -m pytest -q tests/e2e/screenshots.py $(ARGS)

faults: env-dev ## Only the tests that start and kill real processes
	@$(BIN)/python -m pytest -m processes $(ARGS)

openapi: env ## Write docs/openapi anew from the declarations in the code; ARGS=--check only says what differs
	@$(BIN)/python manage.py export_openapi $(ARGS)

openapi-client: env-dev ## Generate a TypeScript client from docs/openapi and have it tell the story of an export (npm)
	@$(BIN)/python manage.py compile_locale
	@$(BIN)/python -m pytest tests/e2e/test_generated_client.py $(ARGS)

fuzz: env-dev ## Ask the API 5,000 things that its document allows and forbids; FUZZ_SEED=… asks the same again
	@$(BIN)/python manage.py compile_locale
	@FUZZ_CASES=$${FUZZ_CASES:-5000} FUZZ_SEED=$${FUZZ_SEED:-random} $(BIN)/python -m pytest tests/contracts/test_fuzz.py $(ARGS)

office: env-dev ## Install LibreOffice Calc (apt, 300 MB) and have it open what we write and save what we read
	@sh deploy/system_packages.sh office
	@$(BIN)/python manage.py compile_locale
	@$(BIN)/python -m pytest tests/jobs/formats/test_office.py tests/jobs/imports/test_office.py $(ARGS)

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
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

env:
	@sh deploy/python_env.sh requirements.txt

env-dev:
	@sh deploy/python_env.sh requirements-dev.txt

system:
	@sh deploy/system_packages.sh
