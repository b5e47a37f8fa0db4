# Every target sets up what it needs: a fresh clone needs nothing but Python >= 3.11.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JS := tests/js
NODE_MODULES := $(JS)/node_modules/.installed

.PHONY: demo test check format bench clean

$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/crmbridge demo

# Tests of JavaScript clients need Node and its registry: without them they are skipped, except with CI=true.
$(NODE_MODULES): $(JS)/package.json $(JS)/package-lock.json
	@if command -v npm > /dev/null; then \
		cd $(JS) && npm ci --silent --ignore-scripts --fetch-retries=1 --fetch-retry-mintimeout=1000 && touch node_modules/.installed \
		|| { echo "npm packages could not be installed: the tests of JavaScript clients are skipped"; $(NEED_NODE); }; \
	else \
		echo "node is not installed: the tests of JavaScript clients are skipped"; $(NEED_NODE); \
	fi

NEED_NODE := test "$(CI)" != true

test: $(STAMP) $(NODE_MODULES)
	$(BIN)/python -m pytest -n 2 --dist loadfile $(if $(filter true,$(CI)),,-m "not slow")

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) $(JS)/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
