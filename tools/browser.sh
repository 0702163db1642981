#!/bin/sh
# Makes sure that the browser tests have a Chromium: present already, or Debian's where we may install it.
# Elsewhere they skip and say so, and this script succeeds.
set -eu

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then
        exit 0
    fi
done
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "No Chromium here, and no right to install one: the browser tests will skip."
    exit 0
fi
echo "Installing Chromium from the system's packages"
log=$(mktemp)
if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >"$log" 2>&1; then
    tail -5 "$log"
    echo "Chromium could not be installed: the browser tests will skip."
fi
rm -f "$log"
