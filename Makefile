# `make` lists what can be done. Everything runs inside .venv, which holds the packages of requirements.lock.
SHELL := bash
VENV := .venv
BIN := $(VENV)/bin
RUNS := http://127.0.0.1:$(or $(PORT),5000)/\#/experiments/1/runs?workflowType=machine_learning&viewStateShareKey=best
MODEL := http://127.0.0.1:$(or $(PORT),5000)/\#/models/zarathustra?workflowType=machine_learning
export PATH := $(CURDIR)/$(BIN):$(PATH)
export DVC_NO_ANALYTICS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export MLFLOW_DISABLE_TELEMETRY := true
# judges of chat bots: six more processes beside the server
export MLFLOW_SERVER_ENABLE_JOB_EXECUTION := false
unexport GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE  # in a hook of git they name the repository of the hook

.DEFAULT_GOAL := help
.PHONY: help setup repro ui serve _database best networks collapse scale server clean test end-to-end stress bench docs published

#: Start
help:  ## list the targets
	@awk -F ':.*## ' '/^#: /{print "\n" substr($$0, 4)} /^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed  ## make .venv: minutes, 3 GB

# TensorFlow has no release for Python 3.14 yet. uv, where it is installed, is faster than pip and gets a Python itself.
NEEDED := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3; do \
	$$name -c '$(NEEDED)' 2> /dev/null && echo $$name && break; done)
UV := $(shell command -v uv)
define NO_PYTHON
Python 3.11, 3.12 or 3.13 is needed, and none was found. This gets one; then run make again:
    curl -LsSf https://astral.sh/uv/install.sh | sh && export PATH="$$HOME/.local/bin:$$PATH"
endef
export NO_PYTHON

$(VENV)/.installed: requirements.lock pyproject.toml
	@test -n "$(UV)$(PYTHON)" || { echo "$$NO_PYTHON"; exit 1; }
	@test -z "$(PYTHON)" || $(PYTHON) -c '$(NEEDED)' || { echo "Python 3.11, 3.12 or 3.13 is needed." \
		"Received: $(PYTHON), which is $$($(PYTHON) --version 2>&1)."; exit 1; }
ifneq ($(UV),)
	$(UV) venv --clear --python $(or $(PYTHON),3.13) $(VENV)
	VIRTUAL_ENV=$(VENV) $(UV) pip install --require-hashes --requirement requirements.lock
	VIRTUAL_ENV=$(VENV) $(UV) pip install --no-deps --no-build-isolation --editable .
else
	$(PYTHON) -m venv $(VENV)
	@set -o pipefail; $(BIN)/python -m pip install --require-hashes --requirement requirements.lock | awk \
		-v all=$$(grep -c == requirements.lock) '/^Collecting/ {printf "\r%d of at most %d packages", ++n, all} /^Installing/ {print "\nInstalling them takes another minute or two"} {fflush()}'
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
endif
	@touch $@

repro: setup  ## run the pipeline: what has changed, and nothing else
	@test -s .dvc/tmp/rwlock || rm -f .dvc/tmp/rwlock  # DVC refuses the empty one that a kill can leave
	@git rev-parse --git-dir > /dev/null 2>&1 || dvc config --local core.no_scm true  # a downloaded archive
	dvc repro

#: Look
# made in one piece, as two programs that make it at once break it; its locations follow a moved project
_database: setup
	@MLFLOW_TRACKING_URI= ZARATHUSTRA_TRACKING= python -c "from stages.core.pipeline import errors; from stages.core.tracking.connection import Connection; \
		errors.run(lambda: print(end=Connection().experiment_id[:0]))"

ui: _database  ## browse the runs in MLflow, at http://127.0.0.1:5000; PORT=… takes another port
	@echo "Runs:   $(RUNS)"
	@echo "Losses: $(RUNS)&compareRunsMode=CHART"
	@echo "Texts:  $(RUNS)&compareRunsMode=ARTIFACT"
	@echo "Model:  $(MODEL)"
	@echo "Ctrl-C ends it."
	@if [[ -n "$$DISPLAY$$WAYLAND_DISPLAY" || $$(uname) == Darwin ]]; then \
		(for _ in {1..60}; do sleep 1; (< /dev/tcp/127.0.0.1/$(or $(PORT),5000)) 2> /dev/null && break; done; \
		python -m webbrowser -t "$(RUNS)" > /dev/null) & fi; \
	mlflow ui --host 127.0.0.1 --port $(or $(PORT),5000) --workers 1 --backend-store-uri sqlite:///mlflow.db

serve: setup  ## answer prompts with the best model, at http://127.0.0.1:5001/invocations; PORT=… takes another port
	zarathustra serve --port $(or $(PORT),5001)

clean:  ## remove the scratch from which training resumes
	rm -rf models/.resume

#: Compare
best: setup  ## the best network of this text: one experiment of two hours
	zarathustra study best

networks: setup  ## the book's network beside others, in reports/networks.md: hours
	zarathustra study networks

collapse: setup  ## when training without a guard collapses, in reports/collapse.md: a night
	zarathustra study collapse

#: Beyond one machine
scale: $(VENV)/.scaled  ## add Ray, S3 and PostgreSQL's driver to .venv, for `zarathustra sweep --ray` and make server

$(VENV)/.scaled: requirements-scale.lock $(VENV)/.installed
ifneq ($(UV),)
	VIRTUAL_ENV=$(VENV) $(UV) pip install --require-hashes --requirement requirements-scale.lock
else
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-scale.lock
endif
	@touch $@

server: setup  ## runs and data of a team on PostgreSQL and S3, for this machine alone; PORT=…, S3_PORT=…, FOLDER=…
	python -m stages.cli.team_server $(or $(FOLDER),.server) --port $(or $(PORT),5000) --s3-port $(or $(S3_PORT),9000)

#: Develop
test: setup  ## lint, check types, test every module: minutes
	ruff check .
	ruff format --check .
	mypy
	pytest --numprocesses 2 --dist worksteal

end-to-end: setup  ## run the README's commands, kills, lost stores, reruns: half an hour
	pytest --numprocesses 2 --dist worksteal tests/end_to_end

stress: setup  ## the long tests: kill the pipeline 25 times; rerun it after a change of each parameter
	python -m tests.stress.kill
	pytest tests/stress

bench: setup  ## measure speed, write reports/benchmarks.md
	python -m tests.benchmarks

docs: setup  ## renew the generated parts of README.md and stages/README.md
	python -m cogapp -r README.md stages/README.md

published: setup  ## after a run that is to be committed: note how long its stages took, photograph it, renew the README
	python -m tests.documents.published_seconds
	python -m tests.documents.screenshots
	$(MAKE) docs
