# What a person does with Parallagon. `make run` needs Python 3.11 or 3.12, Node 20.19+ and nothing else.
SHELL := /bin/sh
BIN := .venv/bin
PACKAGES := parallagon missions agents notifications frontend celery_app.py manage.py tests bench scripts examples
CHECK_SETTINGS := DJANGO_SETTINGS_MODULE=parallagon.settings.test PORT=8000
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

.DEFAULT_GOAL := help
.PHONY: help run link test test-production kills check bench schema messages lock prepare prepare-test

help:  ## Say what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

prepare:
	@python=$$(scripts/find-python) && "$$python" scripts/prepare.py run

prepare-test:
	@python=$$(scripts/find-python) && "$$python" scripts/prepare.py test

run: prepare  ## Install what is missing, start everything, print a sign-in link (PORT=8000)
	@exec $(BIN)/python manage.py up

link: prepare  ## Print another sign-in link
	@$(BIN)/python manage.py link

test: check  ## Check everything, then run every test
	@cd frontend && npm run --silent test
	@$(BIN)/python -m pytest -n 2 -m "not browser"
	@$(BIN)/python -m pytest -m browser

test-production: prepare-test  ## Run what uses database or Redis on both servers (ONLY=tests/search)
	@$(BIN)/python scripts/with_servers.py $(BIN)/python -m pytest -n 2 -m "not browser and not faults" $(ONLY)

kills: prepare-test  ## Kill everything that works, at random, 100 times (KILLS=25, SEED=7 repeats)
	@PARALLAGON_KILLS=$(or $(KILLS),100) $(if $(SEED),PARALLAGON_KILLS_SEED=$(SEED)) \
		LOG_LEVELS=parallagon.core.services=WARNING $(BIN)/python -m pytest tests/faults/test_random_kills.py \
		--quiet --log-cli-level=INFO --override-ini=log_cli_format="%(message)s"

check: prepare-test  ## Format, lint, types, architecture, migrations, API schema
	@$(BIN)/ruff format --check --quiet $(PACKAGES)
	@$(BIN)/ruff check --quiet $(PACKAGES)
	@$(BIN)/python -m mypy --no-error-summary $(PACKAGES)
	@said=$$($(BIN)/lint-imports --no-cache) || { echo "$$said"; exit 1; }
	@$(CHECK_SETTINGS) $(BIN)/python manage.py makemigrations --check --dry-run --verbosity 0
	@$(CHECK_SETTINGS) $(BIN)/python manage.py spectacular --validate --fail-on-warn \
		| diff -q - docs/openapi.yaml >/dev/null \
		|| { echo "docs/openapi.yaml is not what the code serves: run make schema."; exit 1; }
	@cd frontend && npm run --silent lint && npm run --silent type-check

bench: prepare-test  ## Measure (ONLY=cycle for one family)
	@$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY))

messages: prepare-test  ## Compile the French words of the server
	@$(BIN)/python scripts/messages.py

schema: prepare-test  ## Write docs/openapi.yaml from the code
	@$(CHECK_SETTINGS) $(BIN)/python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml

lock: prepare-test  ## Compile requirements/*.in to hashed lock files
	@$(LOCK) requirements/bootstrap.in -o requirements/bootstrap.txt
	@$(LOCK) requirements/base.in -o requirements/base.txt
	@$(LOCK) requirements/dev.in -c requirements/base.txt -o requirements/dev.txt
	@$(LOCK) requirements/production.in -c requirements/base.txt -o requirements/production.txt
