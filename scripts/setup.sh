#!/bin/sh
# Sets up what is missing, and says what it does; when nothing is missing it takes a moment.
set -eu
cd "$(dirname "$0")/.."
sh scripts/python.sh
sh scripts/postgis.sh
sh scripts/screen.sh
