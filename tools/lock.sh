#!/bin/sh
# Writes the two hash-locked lists from pyproject.toml: `make lock`. They hold for Python 3.11 and later on every system,
# and name no index, no link and no path.
set -eu
cd "$(dirname "$0")/.."

compile() {
    "${VENV:-.venv}/bin/uv" pip compile pyproject.toml --quiet --no-config --universal --python-version 3.11 \
        --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links "$@"
}

compile --extra embedded --extra build --output-file requirements.lock
compile --all-extras --constraint requirements.lock --output-file requirements-dev.lock
