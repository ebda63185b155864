# Every target makes .venv first when it is missing or older than the lock.
PYTHON ?= python3
BIN := $(CURDIR)/.venv/bin
export PATH := $(BIN):$(PATH)
# DVC's own choice is a folder that every user of the machine can write to.
export DVC_SITE_CACHE_DIR := $(CURDIR)/.dvc/tmp/site
# Without byte-code every stage imports twice as long.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help repro test check format ui article bench honesty pr-report lock

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

repro: .venv/ready ## Run what is out of date, and print the result as a table
	@dvc repro
	@python -m rebalance.cli summary

test: .venv/ready ## Run the whole test suite
	@python -m pytest --numprocesses auto --dist loadfile

check: .venv/ready ## Lint, and check the format
	@ruff check .
	@ruff format --check .

format: .venv/ready ## Mend what the linter can mend, and format
	@ruff check --fix .
	@ruff format .

ui: .venv/ready ## Browse the runs on http://127.0.0.1:5000
	@MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false MLFLOW_DISABLE_TELEMETRY=true \
		mlflow ui --host 127.0.0.1 --port 5000 --workers 1

article: .venv/ready ## Run the article's five steps on the chosen data
	@python -m benchmarks.article

bench: .venv/ready ## Measure speed and memory against the usual ways
	@python -m benchmarks.speed

honesty: .venv/ready ## Measure whether intervals and verdicts can be trusted
	@python -m benchmarks.honesty

BASE ?= main
pr-report: .venv/ready ## Show what a branch changes in params and metrics: make pr-report BASE=main
	@bash .github/pr-report.sh "$(BASE)"

lock: .venv/ready ## Write requirements.lock anew from pyproject.toml
	@python -m pip install --quiet uv
	@uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --no-annotate --quiet \
		--output-file requirements.lock

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python must be 3.11 or newer, got %d.%d; name another: make PYTHON=python3.12" % sys.version_info[:2])'
	@echo "installing the locked packages into .venv (about a minute)"
	@$(PYTHON) -m venv .venv
	@python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
