# What CI does, a target each. Nobody needs make to use Concord: `./run demo` and `./run test` are the two commands.
PY := .venv/bin/python
LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 \
	--prerelease=if-necessary-or-explicit --generate-hashes --no-header --quiet

.PHONY: lint types imports test lock

lint:
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types:
	$(PY) -m mypy

imports:
	.venv/bin/lint-imports

test:
	./run test

lock:
	$(LOCK) --group build --extra demo --extra postgres --extra ipfs --extra dashboard -o locks/app.lock
	$(LOCK) --group build --group dev --extra demo --extra postgres --extra ipfs --extra dashboard -c locks/app.lock -o locks/dev.lock
