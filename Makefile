.DEFAULT_GOAL := help
.PHONY: help install run test check bench lock format
BIN := .venv/bin
UV := $(shell grep -oE '^uv==[0-9.]+' requirements.lock 2>/dev/null || echo uv)
STAMP := .venv/.installed

help: ## show this help
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## (.*)/  \1\t\2/' | expand -t 12

$(STAMP): requirements.lock pyproject.toml
	@test -x .venv/bin/python || python3 -m venv .venv
	@test -x .venv/bin/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

install: $(STAMP) ## make .venv from the lock file

run: install ## start the product on the embedded PostgreSQL, with demo data
	@$(BIN)/psa run --demo

test: install ## run all tests
	$(BIN)/python -m pytest -n auto --dist loadgroup

check: install ## lint, types, import contracts, migrations up-down-up
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 0 tests/architecture

bench: install ## run the benchmarks: JSON lines (TARGET=mail_ingest for one)
	$(BIN)/python -m tests.benchmarks $(TARGET)

format: install ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## renew requirements.lock from pyproject.toml
	@test -x .venv/bin/python || python3 -m venv .venv
	@test -x .venv/bin/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --group dev --custom-compile-command "make lock" pyproject.toml -o requirements.lock
