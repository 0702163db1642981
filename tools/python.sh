#!/bin/sh
# Prints the first Python on the path that is new enough to run Milepost, or says what is missing.
set -eu

for name in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 python; do
    [ -n "$name" ] || continue
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        command -v "$name"
        exit 0
    fi
done
echo "Milepost needs Python 3.11 or newer, and there is none on the path. Install one, or name it: make run PYTHON=/path/to/python3" >&2
exit 1
