#!/bin/sh
# .venv: Python 3.12 with the packages of requirements.lock, and this repository.
set -eu
. scripts/common.sh

stamp=.venv/set-up
if .venv/bin/python -c '' 2>/dev/null && fresh "$stamp" requirements.lock pyproject.toml; then
    exit
fi

# From the machine's uv, else its Python 3.12, else a uv that is fetched for the purpose.
make_environment() {
    say "making .venv with Python 3.12"
    rm -rf .venv
    if uv=$(find_uv) && "$uv" venv --quiet --python 3.12 .venv; then
        return
    fi
    if python3.12 -m venv .venv; then
        locked uv >.venv/uv.lock
        .venv/bin/python -m pip install --quiet --disable-pip-version-check \
            --require-hashes --requirement .venv/uv.lock
        return
    fi
    rm -rf .venv
    fetched=$(mktemp -d)
    python3 -m venv "$fetched" &&
        "$fetched/bin/pip" install --quiet uv &&
        "$fetched/bin/uv" venv --quiet --python 3.12 .venv &&
        "$fetched/bin/uv" pip install --quiet --python .venv/bin/python uv ||
        fail "Python 3.12 is missing. Install it with its venv, or install uv, and try again."
    rm -rf "$fetched"
}

# The entry of one package in the lock, with its hashes.
locked() {
    awk -v name="$1==" 'index($0, name) == 1 { on = 1 } on { print } on && !/\\$/ { exit }' \
        requirements.lock
}

.venv/bin/python -c '' 2>/dev/null || make_environment
uv=$(find_uv) || fail "no uv works; remove .venv and try again."
say "installing the packages of requirements.lock"
VIRTUAL_ENV=$PWD/.venv "$uv" pip sync --quiet --require-hashes requirements.lock
VIRTUAL_ENV=$PWD/.venv "$uv" pip install --quiet --no-deps --editable .
made "$stamp" requirements.lock pyproject.toml
