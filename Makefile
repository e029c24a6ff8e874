# `make help` lists what can be done. Everything runs inside .venv, made from requirements.lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export DVC_NO_ANALYTICS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export MLFLOW_DISABLE_TELEMETRY := true

.DEFAULT_GOAL := help
.PHONY: help setup repro test bench ui serve docs published clean stress

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed  ## create .venv from requirements.lock

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "Python 3.11 to 3.13 is needed. Received: $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

repro: setup  ## run the pipeline: what has changed, and nothing else
	@test -s .dvc/tmp/rwlock || rm -f .dvc/tmp/rwlock  # empty where a kill hit DVC as it wrote it; DVC refuses that
	dvc repro

test: setup  ## lint, check types, run all tests
	ruff check .
	ruff format --check .
	mypy
	pytest --numprocesses 2 --dist worksteal

bench: setup  ## measure speed, write reports/benchmarks.md
	python -m tests.benchmarks

ui: setup  ## browse the runs at http://127.0.0.1:5000
	mlflow ui --host 127.0.0.1 --port $(or $(PORT),5000) --workers 1 --backend-store-uri sqlite:///mlflow.db

serve: setup  ## answer prompts with the best model, at http://127.0.0.1:5001/invocations
	MLFLOW_TRACKING_URI=$${MLFLOW_TRACKING_URI:-sqlite:///mlflow.db} \
		mlflow models serve --model-uri models:/zarathustra@best --env-manager local --host 127.0.0.1 --port $(or $(PORT),5001)

docs: setup  ## make anew what is derived: code in dvc.yaml, tables of the README
	python -m tests.dvc_deps
	python -m tests.documents.readme_tables

published: setup  ## after a run that shall be committed: note how long its stages took, renew the README
	python -m tests.documents.published_seconds
	python -m tests.documents.readme_tables

stress: setup  ## kill the pipeline 25 times; run it after a change of each parameter
	python -m tests.stress.kill
	pytest tests/stress

clean:  ## remove the scratch that lets training and sampling go on
	rm -rf models/.resume
