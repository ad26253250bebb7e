# What each target prepares for itself lies in .venv, .micropython, .perf, .typings and build, and
# nowhere else. Another interpreter: make PYTHON=python3.12 …

PYTHON ?= python3
BIN := .venv/bin
PYTEST_ARGS ?=
BOARD ?= esp32_devkitc_lsm6dso
ON_BOARD = --board "$(BOARD)" $(if $(PORT),--port "$(PORT)")
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# A virtual environment works only where it was made, and only while its interpreter is there.
MADE_IN := $(shell $(BIN)/python -c 'print(open(".venv/made-in").read())' 2>/dev/null)
ifneq ($(MADE_IN),$(CURDIR))
.PHONY: .venv/made-in
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo flash deploy check test hil lint format golden bench bench-detector bench-kernel bench-library bench-link campaign pictures fuzz readers soak clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/test-ready .typings/ready ## Prepare everything: host tool, test tools, MicroPython
	@$(BIN)/cribtrace runtime

demo: .venv/ready ## Run the firmware through a night and report on it (RECORDING=file.npz: on yours)
	@$(BIN)/cribtrace runtime
	@$(BIN)/python -m cribtrace.demo $(if $(RECORDING),--recording "$(RECORDING)") --out build/demo

flash: .venv/board-ready ## Write MicroPython to a board (PORT=… BOARD=… FIRMWARE=file or folder)
	$(BIN)/cribtrace flash $(ON_BOARD) $(if $(FIRMWARE),--firmware "$(FIRMWARE)")

deploy: .venv/board-ready ## Put the firmware on a board (PORT=… BOARD=…)
	$(BIN)/cribtrace deploy $(ON_BOARD)

check: .venv/board-ready ## See whether a board is ready for a night (PORT=…)
	$(BIN)/cribtrace check $(if $(PORT),--port "$(PORT)")

test: lint ## Run the linters and all tests but the campaigns, two files at a time
	$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)

hil: .venv/test-ready ## Run the tests of the detector on a board that runs this firmware (PORT=…)
	$(BIN)/python -m pytest tests/hil -s $(if $(PORT),--port "$(PORT)") $(PYTEST_ARGS)

lint: .venv/test-ready .typings/ready ## Check style, format and types of firmware, boards, host tool and tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright --project firmware
	$(BIN)/pyright

format: .venv/test-ready ## Put the source into the format that lint expects
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

pictures: .venv/test-ready ## Make the pictures in docs/pictures anew, of the real output
	@$(BIN)/cribtrace runtime
	@$(BIN)/python -m tests.support.pictures

golden: .venv/test-ready ## Rewrite the golden files from what the detector finds now
	$(BIN)/python -m tests.support.golden
	$(BIN)/python -m tests.unit.test_spec

bench: .venv/test-ready ## Measure speed and memory, and print what was measured
	$(BIN)/python -m pytest -m bench -s $(PYTEST_ARGS)

bench-detector: .venv/ready ## Score the detector and four baselines on simulated movements
	@$(BIN)/cribtrace runtime
	@$(BIN)/python -m bench.detector

bench-kernel: .venv/test-ready ## Count the kernel's instructions on both ESP32 instruction sets
	@$(BIN)/python -m bench.kernel

bench-link: .venv/test-ready ## Measure the rate of a pull beside mpremote's, and what the log costs the flash
	@$(BIN)/python -m bench.link

bench-library: .venv/test-ready ## Measure how fast nights come into a library, and a trend out of it
	@$(BIN)/python -m bench.library

campaign: .venv/test-ready ## Run the long tests that `make test` leaves out
	$(BIN)/python -m pytest -m campaign --timeout 3600 $(PYTEST_ARGS)

fuzz: .venv/test-ready ## Throw a million odd inputs at each parser (FUZZ_ARGS="--cases 9999 --seed 2")
	$(BIN)/python -m tests.fuzz $(FUZZ_ARGS)

readers: build/readers/ready ## Read what was exported with Dask, Spark, R and scikit-digital-health
	build/readers/bin/python -m pytest tests/readers -m readers $(PYTEST_ARGS)

soak: .venv/test-ready ## Let a virtual board live through 30 days of faults (SOAK_ARGS="--days 7 --seed 2")
	$(BIN)/python -m tests.soak $(SOAK_ARGS)

clean: ## Remove everything that was made here
	rm -rf .venv .micropython .perf .typings build dist .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -name '*.egg-info' -type d -prune -exec rm -rf {} +

.venv/made-in:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo 'Cribtrace needs Python 3.10 or newer: make PYTHON=python3.11 …' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo 'Python cannot make virtual environments here: apt install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	@printf '%s\n' '$(CURDIR)' >$@

.venv/ready: .venv/made-in pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/board-ready: .venv/made-in pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[board]'
	@touch $@ .venv/ready

.venv/test-ready: .venv/made-in pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $@ .venv/ready .venv/board-ready

build/readers/ready: tests/readers/requirements.txt pyproject.toml | .venv/made-in
	$(PYTHON) -m venv --clear build/readers
	build/readers/bin/python -m pip install --quiet --requirement $< pytest pytest-timeout \
	  --editable '.[export,library]'
	@touch $@

# Types only, in a folder of their own: beside the host's packages they would hide CPython's `time`.
.typings/ready: typings/requirements.txt | .venv/made-in
	@rm -rf .typings
	$(BIN)/python -m pip install --quiet --target .typings --requirement $<
	@touch $@
