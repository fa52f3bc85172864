# `make run` shows the sample city; `make test` runs all tests. Both set up what is missing.

.PHONY: run test setup lint bench

run: setup
	.venv/bin/citytwin up

test: setup
	@sh scripts/test_tools.sh
	@sh scripts/screen.sh test
	.venv/bin/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

setup:
	@sh scripts/setup.sh

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

bench: setup
	.venv/bin/python -m benchmarks
