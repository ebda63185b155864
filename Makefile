# Every target makes .venv first when it is missing or older than the lock.
PYTHON ?= python3
BIN := $(CURDIR)/.venv/bin
export PATH := $(BIN):$(PATH)
# DVC's own choice is a folder that every user of the machine can write to.
export DVC_SITE_CACHE_DIR := $(CURDIR)/.dvc/tmp/site
# Without byte-code every stage imports twice as long.
unexport PYTHONDONTWRITEBYTECODE
# With it Python does not look for the stages in this folder.
unexport PYTHONSAFEPATH

.PHONY: pictures help repro test coverage mutants check format audit ui team article bench honesty \
	faults same pr-report lock lock-check lowest

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

repro: .venv/ready ## Run what is out of date, and print the result as a table
	@dvc repro || { \
		python -m rebalance.cli doctor --path && \
		mended=$$(python -m rebalance.cli doctor --lock) && test -n "$$mended" && \
		echo "$$mended" && dvc repro; }
	@python -m rebalance.cli sync --optional
	@python -m rebalance.cli summary

test: .venv/ready ## Run the whole test suite
	@python -m pytest --numprocesses auto --dist loadfile

coverage: .venv/ready ## Run the whole test suite, and show the lines and branches that it misses
	@python -m pytest --numprocesses auto --dist loadfile --cov

SAMPLE ?= 300
mutants: .venv/ready ## Change SAMPLE=300 places of the code, one at a time, and list what no test notices
	@nice -n 19 python -m tests.mutants --sample $(SAMPLE)

check: .venv/ready ## Lint, and check the format
	@ruff check .
	@ruff format --check .

format: .venv/ready ## Mend what the linter can mend, and format
	@ruff check --fix .
	@ruff format .

audit: .venv/ready ## Look for known holes in the locked packages, and for unsafe workflows
	@uv tool run zizmor@1.32.0 --quiet --offline .github
	@uv tool run pip-audit@2.10.1 --require-hashes --disable-pip --requirement requirements.txt \
		--format json --progress-spinner off | python .github/audited.py

ui: .venv/ready ## Browse the runs on http://127.0.0.1:5000
	@python -m rebalance.cli ui

team: .venv/ready ## Start a team's server on http://127.0.0.1:5000, for a try: MLflow over PostgreSQL
	@python -m rebalance.cli team

article: .venv/ready ## Run the article's five steps on the chosen data
	@python -m benchmarks.article

bench: .venv/ready ## Measure speed and memory against the usual ways
	@python -m benchmarks.speed

honesty: .venv/ready ## Measure whether intervals and verdicts can be trusted
	@python -m benchmarks.honesty

faults: .venv/ready ## Break the disk, the files and the input at every place, and count what it costs
	@python -m benchmarks.faults

OTHER ?=
same: .venv/ready ## Compare the results of threads, processes, a kill, another locale: make same OTHER=/other/python
	@python -m benchmarks.sameness $(addprefix --python ,$(OTHER))

BASE ?= main
pr-report: .venv/ready ## Show what a branch changes in params and metrics: make pr-report BASE=main
	@bash .github/pr-report.sh "$(BASE)"

CHROMIUM ?= chromium
pictures: ## Photograph metrics/report.html for the README: docs/report-light.png, docs/report-dark.png
	@for theme in 1:light 0:dark; do \
		$(CHROMIUM) --headless=new --no-sandbox --disable-gpu --hide-scrollbars \
			--blink-settings=preferredColorScheme=$${theme%:*} --window-size=1200,1250 \
			--screenshot="$(CURDIR)/docs/report-$${theme#*:}.png" "file://$(CURDIR)/metrics/report.html" \
			2>/dev/null; done

# Versions that are locked stay; 'rm requirements.txt' first takes the newest of everything.
lock: .venv/ready ## Write requirements.txt, the lock, anew from pyproject.toml
	@uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --no-annotate --quiet \
		--output-file requirements.txt

lock-check: lock ## Check that the lock is that of pyproject.toml
	@git diff --exit-code requirements.txt

lowest: .venv/ready ## Run the quick tests on the lowest versions that pyproject.toml allows
	@uv venv --quiet --clear .venv-lowest
	@uv pip install --quiet --python .venv-lowest --resolution lowest-direct --editable '.[dev]'
	@.venv-lowest/bin/python -m pytest --numprocesses auto --dist loadfile -m "not slow"

# Both check the lock's hashes. Neither compiles to byte-code: the first run compiles what it imports,
# a quarter of all files.
.venv/ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python must be 3.11 or newer, got %d.%d; name another: make PYTHON=python3.12" % sys.version_info[:2])'
	@if uv --version >/dev/null 2>&1; then \
		echo "installing the locked packages into .venv with uv (seconds)" && \
		uv venv --quiet --allow-existing --python "$$(command -v $(PYTHON))" .venv && \
		uv pip sync --quiet --python .venv --require-hashes requirements.txt && \
		uv pip install --quiet --python .venv --no-deps --no-build-isolation --editable . ; \
	else \
		echo "installing the locked packages into .venv with pip (a minute or two; uv takes seconds)" && \
		$(PYTHON) -m venv .venv && \
		python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes \
			-r requirements.txt && \
		python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e . ; \
	fi
	@touch $@
