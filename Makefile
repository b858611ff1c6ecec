# brique: `make demo` trains on real digits; `make test` passes the tests; `make check` is what CI runs.
# Each sets everything up first. BRIQUE_DATA (folders, as in PATH) is where names of data sets are looked up.

# the first Python that runs: a name on the PATH may be a shim for a version that is not installed
PYTHON ?= $(firstword $(foreach v,3.13 3.12 3.11 3,$(shell python$(v) -c 'import sys; print(sys.executable)' 2>/dev/null)) python3)
VENV := .venv
BIN := $(VENV)/bin
SHARED := $(wildcard ../shared/data ../shared/data-text)
empty :=
space := $(empty) $(empty)
export BRIQUE_DATA ?= $(subst $(space),:,$(abspath $(SHARED)))

.PHONY: demo test check lint types contract docs recipes clean
.DELETE_ON_ERROR:

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "brique needs Python 3.11 or newer; say make PYTHON=/path/to/python" >&2; exit 2; }
	@echo "Setting up $(VENV); the first install is large (see README) ..." >&2
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/brique train digits

test: $(VENV)/.installed
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: lint types contract test docs

lint: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell README.md CHANGELOG.md CONTRIBUTING.md src tests docs benchmarks

types: $(VENV)/.installed
	$(BIN)/basedpyright
	@# the public names are checked as users get them: an editable install is not found
	rm -rf build/typed
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --target build/typed .
	rm -rf build/typed/brique/recipes # they are read and run, not imported
	cd build/typed && PATH="$(abspath $(BIN)):$$PATH" PYTHONPATH=. \
		basedpyright --verifytypes brique --ignoreexternal >verified.txt || { cat verified.txt; exit 1; }
	@grep score build/typed/verified.txt

contract: $(VENV)/.installed
	$(BIN)/lint-imports

docs: $(VENV)/.installed
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

clean:
	rm -rf $(VENV) build docs/_build .ruff_cache
