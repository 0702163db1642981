#!/bin/sh
# Brings the environment in .venv to exactly one hash-locked list: environment.sh requirements.lock STAMP
set -eu
cd "$(dirname "$0")/.."
lock=$1
stamp=$2
venv=${VENV:-.venv}

if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(sh tools/python.sh)
    echo "Making the environment $venv with $("$python" --version)"
    rm -rf "$venv"
    if ! "$python" -m venv "$venv"; then
        echo "This Python cannot make environments. On Debian and Ubuntu: apt-get install python3-venv" >&2
        exit 1
    fi
fi

echo "Installing $lock"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    --require-hashes --no-deps --only-binary :all: --requirement "$lock"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    --no-deps --no-build-isolation --no-index --editable .
mkdir -p "$(dirname "$stamp")"
touch "$stamp"
