# make demo   the environment, then the tools at work on a real module tree and in a real kernel
# make test   the same environment, every test; make test STRICT=1 makes a skipped test a failure
# make check  what to run before each commit: under two minutes, no network

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON = $(shell for python in /usr/bin/python3 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
JOBS ?= 2
STRICT ?=
export STRICT
unexport PYTHONDONTWRITEBYTECODE  # tests start the tools thousands of times, faster with their bytecode

DEMO_PACKAGES := python3-venv
TEST_PACKAGES := $(DEMO_PACKAGES) chromium mmdebstrap qemu-system-x86 qemu-system-common busybox-static cpio zsh fish man-db groff \
	binutils bison bsdextrautils bzip2 flex gcc kmod libc6-dev libelf1 lz4 m4 make openssl time xz-utils zstd

.PHONY: help env test-env demo-packages test-packages check lint test demo bench dist docs completions clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

env: demo-packages .venv/ready  ## the virtual environment in .venv, and the Debian packages it needs

test-env: test-packages .venv/ready  ## the same, and what the tests run: QEMU, zsh, fish, man

demo-packages:
	@.ci/packages $(DEMO_PACKAGES)

test-packages:
	@.ci/packages $(TEST_PACKAGES)

.venv/ready: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (as root: apt-get install python3)"; exit 1; }
	@echo "making .venv with $(PYTHON)"
	@$(PYTHON) -m venv .venv || { echo "no venv (as root: apt-get install python3-venv)"; exit 1; }
	@$(BIN)/pip install --quiet --upgrade pip
	@$(BIN)/pip install --quiet --editable . --group dev
	@touch $@

lint: .venv/ready  ## ruff, mypy --strict, the import contracts, plain English
	$(BIN)/ruff check
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy --no-error-summary
	$(BIN)/lint-imports --no-logo
	.ci/english

check: lint  ## lint, and the tests that need nothing from outside: before each commit
	$(BIN)/pytest -n $(JOBS) -m "not slow and not lane"

test: test-env lint  ## everything: all tests, all lanes, branch coverage
	$(BIN)/pytest -n $(JOBS) --cov --cov-report=term:skip-covered --durations=10

demo: env  ## the tools at work: a Debian module tree, then a real kernel
	@PATH="$(CURDIR)/$(BIN):$$PATH" demo/run

bench: test-env  ## ratios to kmod, written into docs/performance.md (half an hour)
	$(BIN)/python -m benchmarks

dist: .venv/ready  ## wheel, source archive, the single file pymodutils.pyz, Debian packages: in dist/
	$(BIN)/python -m hatchling build -t sdist -t wheel
	$(BIN)/python .ci/zipapp
	.ci/debian dist/pymodutils-*.tar.gz

docs: test-env  ## docs/ and the manual pages as a site, in build/site
	$(BIN)/pip install --quiet --group docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo build/site/index.html

completions: env  ## completions/ again, from the commands' own options
	$(BIN)/python -m completions

clean:  ## the working tree as it was cloned; the cache of fetched packages stays
	rm -rf .venv dist build htmlcov .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
