# `make run` and `make test` need Python 3.11 or later on the machine, and nothing else.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup run test crash drill check audit format bench newcomer screenshots

PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
python := .venv/bin/python
ready := .venv/ready
sources := portal accounts qbsync tests manage.py

help: ## What can be made
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 16

setup: $(ready) ## The environment in .venv, as the other targets make it by themselves

# Every recipe that stays ends in exec, so that Ctrl-C reaches the program and make waits for it.
run: $(ready) ## The portal with everything it needs, at http://127.0.0.1:8000
	@exec $(python) -m portal.local run

test: $(ready) ## All tests, on servers of their own; ARGS="tests/accounts -k import" for some
	@exec $(python) -m portal.local test $(ARGS)

SUITE ?= crash
crash: $(ready) ## Randomised crash runs: RUNS=1000 of them, the first with SEED=1; SUITE=drift for changes in QuickBooks
	@CRASH_RUNS=$(RUNS) CRASH_SEED=$(SEED) exec $(python) -m portal.local test -n 0 -q tests/crash/$(SUITE)_runs.py

drill: $(ready) ## Failure drills: PostgreSQL, Redis, workers, beat and QuickBooks are taken away in the middle of work
	@exec $(python) -m portal.local test -n 0 -q tests/drills/drill_runs.py $(ARGS)

bench: $(ready) ## The benchmarks, about half an hour; BENCH_MINUTES=1 for a shorter watch at Intuit's throttles
	@exec $(python) -m portal.local bench $(ARGS)

newcomer: $(ready) ## A new clone taken by docs/tour.md to the first account that is Synced, in a browser, timed
	@exec $(python) -m portal.local test -n 0 -q tests/browser/newcomer_run.py

screenshots: $(ready) ## Pictures of every page into docs/screenshots; ARGS="accounts match-queue" for some
	@exec $(python) -m tests.screenshots $(ARGS)

check: $(ready) ## Packages, style, types, module boundaries, templates, missing migrations
	@$(python) -m tests.packages check
	@.venv/bin/ruff check $(sources)
	@.venv/bin/ruff format --check $(sources)
	@.venv/bin/mypy $(sources)
	@.venv/bin/lint-imports
	@.venv/bin/djlint --check --lint templates
	@$(python) manage.py check
	@$(python) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

audit: $(ready) ## Known weaknesses in the packages that the portal runs on; AUDIT_REQUIRED=1 fails where nobody can be asked
	@$(python) -m tests.packages audit

format: $(ready) ## Put code and templates into the form that `make check` wants
	@.venv/bin/ruff check --fix-only --quiet $(sources)
	@.venv/bin/ruff format $(sources)
	@.venv/bin/djlint --quiet --reformat templates || true

$(ready): requirements-dev.txt requirements-data.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed, and none was found. Set PYTHON to one."; exit 1; }
	@echo "Installing the packages into .venv …"
	@$(PYTHON) -m venv .venv || { echo "On Debian and Ubuntu, python3-venv is a package of its own."; exit 1; }
	@$(python) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@$(python) -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-data.txt
	@touch $(ready)
