# make run: the quickstart search, from a fresh clone to a page with plots.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run setup test damage lint bench replay clean

run: setup
	$(BIN)/kwssearch run quickstart
	@echo "The report is here:"
	@$(BIN)/kwssearch report runs/quickstart

setup: .venv/ready

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[builtin,dask,dev,micro,microphone]"
	@touch $@

test: setup
	$(BIN)/pytest -m "not damage and not long" -n 2 --dist loadscope

damage: setup
	$(BIN)/pytest -m "damage or long" -n 2 --dist worksteal

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup
	$(BIN)/python benchmarks/bench.py

replay: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[replay]"
	$(BIN)/python benchmarks/replay.py runs/full-speech8 runs/full-msc --out benchmarks/results
	$(BIN)/python benchmarks/replay.py runs/full-speech8 runs/full-msc --out benchmarks/results --rivals --worlds 6

clean:
	rm -rf .venv build *.egg-info
