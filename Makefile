# What a developer types. `make` alone shows it.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
HOST ?= 127.0.0.1
PORT ?= 8000
# For pytest: make test ARGS="-k ingest"
ARGS ?=

SITE := .venv/bin/python
TOOLS := .venv-test/bin
TEMPLATES = $(shell find templates -name '*.html' 2>/dev/null)
LOCK := $(TOOLS)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

.DEFAULT_GOAL := help
.PHONY: help run test check fix demo bench docs lock clean site-environment test-environment

help: ## Show this list
	@echo "make <what>:"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name words; \
		do printf '  %-8s %s\n' "$$name" "$$words"; done

run: site-environment ## Serve the site on http://127.0.0.1:8000 (PORT=8123 for another port)
	@HOST=$(HOST) PORT=$(PORT) exec $(SITE) manage.py start

# The tests' server is the one that people run, so it runs in people's environment.
test: site-environment test-environment ## Run every test on SQLite and PostgreSQL (ARGS="-k words" for some)
	@$(TOOLS)/python -m tests.support.run_all $(ARGS)

check: test-environment ## Say what linters, layers, settings and migrations complain about
	$(TOOLS)/ruff check .
	$(TOOLS)/ruff format --check .
	$(TOOLS)/djade --target-version 5.2 --check $(TEMPLATES)
	$(TOOLS)/lint-imports
	$(TOOLS)/python manage.py check
	$(TOOLS)/python manage.py makemigrations --check --dry-run

fix: test-environment ## Put code and templates in order where a tool can
	$(TOOLS)/ruff check --fix .
	$(TOOLS)/ruff format .
	$(TOOLS)/djade --target-version 5.2 $(TEMPLATES) || true

demo: test-environment ## Train the example runs against the site that is running on PORT
	@MLFLOW_TRACKING_URI=http://127.0.0.1:$(PORT) MLFLOW_DISABLE_TELEMETRY=true \
		$(TOOLS)/python -m examples $(DEMO_ARGS)

bench: test-environment ## Measure logging and reading side by side with MLflow's own server
	@$(TOOLS)/python benchmarks/ingest.py

docs: test-environment ## Rewrite the settings table and check every link of the documents
	$(TOOLS)/python manage.py settings_table --write docs/settings.md
	$(TOOLS)/python -m tests.support.documents
	$(TOOLS)/python -m pytest -q tests/test_repository.py tests/test_docs.py

lock: test-environment ## Resolve the dependencies again (ARGS=--upgrade for newer ones)
	echo uv | $(LOCK) $(ARGS) - -o requirements/bootstrap.txt
	$(LOCK) $(ARGS) pyproject.toml --extra postgres --extra parquet -o requirements/runtime.txt
	$(LOCK) $(ARGS) pyproject.toml --extra postgres --extra parquet --group test -o requirements/test.txt

clean: ## Remove the environments and what tools left, and keep data/
	rm -rf .venv .venv-test .venv.lock .venv-test.lock staticfiles test-results
	rm -rf .pytest_cache .ruff_cache .hypothesis .import_linter_cache .grimp_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

site-environment:
	@$(call need_python) $(PYTHON) requirements/install.py .venv runtime

test-environment:
	@$(call need_python) $(PYTHON) requirements/install.py --with-uv .venv-test test

need_python = [ -n "$(PYTHON)" ] || { echo "No python3 on PATH. Python 3.11 or newer is needed."; exit 1; };
