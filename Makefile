# `make` brings the environment and builds the release, `make test` runs the tests; both set up what is missing;
# `make test ARGS=tests/test_contract.py` runs some of them, `make slow-tests` those that `make test` leaves out.
# Needed: git, make, Python 3.11 or newer. Everything else goes into .venv/ and .uv/.
UV_VERSION := 0.13.9
SYNCED := .venv/.synced

# A shim of pyenv may stand on PATH for a uv that is not there: ask it, do not only look for it.
UV := $(shell uv --version >/dev/null 2>&1 && command -v uv || echo .uv/bin/uv)
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $$python && break; done)

export UV_PYTHON_DOWNLOADS := never
# As pip does: trust what the machine trusts, where it says so; a company's proxy has a root of its own.
export UV_SYSTEM_CERTS ?= $(if $(wildcard /etc/ssl/certs/ca-certificates.crt),true,false)
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/.venv
export GX_ANALYTICS_ENABLED := false
export DVC_NO_ANALYTICS := 1
export PATH := $(CURDIR)/.venv/bin:$(PATH)
unexport VIRTUAL_ENV

.PHONY: release environment test slow-tests check
release: $(SYNCED)
	@if [ -n "$$(dvc remote list)" ]; then dvc pull --allow-missing; fi
	dvc repro

environment: $(SYNCED)

# On all cores; a file stays in one process, since its tests share what they prepare.
PROCESSES := -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
test: $(SYNCED)
	pytest $(or $(ARGS),-m "not slow" $(PROCESSES))

slow-tests: $(SYNCED)
	pytest -m slow $(PROCESSES)

check: $(SYNCED)
	ruff check
	ruff format --check
	mypy

$(SYNCED): uv.lock pyproject.toml $(filter .uv/bin/uv,$(UV))
	@if [ -z "$(PYTHON)" ]; then \
	    echo "make: no Python 3.11 or newer on PATH (python3 is $$(python3 --version 2>&1 || echo missing));" \
	         "install one, e.g. apt-get install python3 python3-venv" >&2; exit 2; fi
	"$(UV)" sync --frozen --python "$(PYTHON)"
	@touch $@

.uv/bin/uv:
	@if [ -z "$(PYTHON)" ]; then echo "make: no Python 3.11 or newer on PATH; install one" >&2; exit 2; fi
	@"$(PYTHON)" -m venv .uv || { rm -rf .uv; \
	    echo "make: '$(PYTHON) -m venv' failed; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }
	.uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) || { rm -rf .uv; exit 2; }
	@touch $@
