# Everything a person does with the project. Each target sets up what it needs first and is quick when nothing changed.
BIN := .venv/bin
MAKEFLAGS += --no-print-directory

.PHONY: help setup setup-demo setup-test setup-bench demo test check bench bench-desktop proof installer lock icons pictures

help:
	@echo "make setup      install what Hearth needs into .venv"
	@echo "make demo       a server with sample people and two windows, side by side"
	@echo "make check      lint, format, types and import contracts"
	@echo "make test       the check and the whole test suite"
	@echo "make bench      measure the server against its references (20 minutes; BENCH=--quick: 3)"
	@echo "make bench-desktop  measure the app beside a bare window and installed clients (BENCH=--quick: 3 minutes)"
	@echo "make proof      break things, and see that no message is lost (DOSE=small|standard|large)"
	@echo "make installer  build the desktop app into dist/hearth"
	@echo "make lock       resolve the requirements again"
	@echo "make icons      draw the app's icons again from the drawing"
	@echo "make pictures   make the documents' pictures again from the demo"

setup:
	@scripts/setup

setup-demo:
	@scripts/setup --demo

setup-test:
	@scripts/setup --test

setup-bench:
	@scripts/setup --bench

demo: setup-demo
	@$(BIN)/hearth demo

# Whole files at a time: their tests share a server. PYTEST narrows a run: make test PYTEST="tests/server -x"
# A worker that died is not replaced: pytest-xdist 3.8 hands its replacement nothing to do, and waits for ever.
test: check
	@$(BIN)/python -m pytest -n auto --dist loadfile --max-worker-restart 0 $(PYTEST)

check: setup-test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# BENCH narrows or shortens a run: make bench BENCH="--quick --only throughput"
bench: setup-bench
	@$(BIN)/python -m benchmarks $(BENCH)

# Needs Xvfb; clients to compare with are found on PATH, none is installed: make bench-desktop BENCH="--only start"
bench-desktop: setup-test
	@$(BIN)/python -m benchmarks.desktop $(BENCH)

# docs/proof.md tells what is broken and what has to hold. PROOF narrows a run: make proof PROOF="--only F1,F2"
DOSE ?= standard
proof: setup-test
	@$(BIN)/python -m tests.proof --dose $(DOSE) $(PROOF)

installer: setup-test
	@$(BIN)/python -m PyInstaller --noconfirm --log-level WARN build_installer.spec
	@echo "The app is in dist/hearth; start it with dist/hearth/hearth."

lock:
	@scripts/setup --lock

icons: setup
	@$(BIN)/python scripts/icons.py

pictures: setup-demo
	@$(BIN)/python scripts/pictures.py
