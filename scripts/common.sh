# Shared by the set-up's scripts, which run in the repository's root.

say() { printf 'set-up: %s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

# fresh STAMP FILE…: whether the stamp was made from these files as they are now, in this place.
fresh() {
    stamp=$1
    shift
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(contents "$@")" ]
}

# made STAMP FILE…: note that what the stamp stands for was made from these files.
made() {
    stamp=$1
    shift
    contents "$@" >"$stamp"
}

contents() {
    pwd
    cksum "$@"
}

# Whether packages of the system may be installed without asking anybody.
may_apt() {
    command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

# apt_install PACKAGE…
apt_install() {
    say "installing $* with apt"
    if [ -z "${apt_lists_are_new:-}" ]; then
        as_root apt-get -q update || say "the package lists could not be renewed; going on"
        apt_lists_are_new=yes
    fi
    as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 apt-get -q -y \
        -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold \
        install --no-install-recommends "$@" </dev/null
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# A uv that works: the environment's own, or the machine's (a shim of that name may not).
find_uv() {
    for uv in .venv/bin/uv uv; do
        if "$uv" --version >/dev/null 2>&1; then
            echo "$uv"
            return
        fi
    done
    return 1
}
