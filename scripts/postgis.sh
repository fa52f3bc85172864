#!/bin/sh
# PostgreSQL with PostGIS from the system's packages, unless it is there or a database is given.
set -eu
. scripts/common.sh

ask() { .venv/bin/python -c "from spatial.postgres import find, mend; $1"; }

if [ -n "${CITYTWIN_DATABASE_URL:-}" ] || ask 'find.best()' 2>/dev/null; then
    exit
fi

command=$(ask 'print(mend.install_command())')
packages=${command#sudo apt-get install -y }
# Whatever takes more than Debian's own packages is for a person to decide.
case $packages in
*' '*) fail "PostgreSQL with PostGIS is missing. Install it with: $command" ;;
esac
may_apt || fail "PostgreSQL with PostGIS is missing. Install it with: $command"

# The package would start a cluster of its own, which nobody asked for.
settings=/etc/postgresql-common/createcluster.conf
if [ ! -e $settings ]; then
    as_root mkdir -p "${settings%/*}"
    echo 'create_main_cluster = false' | as_root tee $settings >/dev/null
fi
apt_install "$packages"
ask 'find.best()'
