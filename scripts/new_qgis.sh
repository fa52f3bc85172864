#!/bin/sh
# A QGIS that edits (3.34 or newer) where the system's is older: in a tree of its own, for tests.
# It takes some five minutes and 2 GB once, and nothing afterwards.
set -eu
. scripts/common.sh

tree=/var/cache/citytwin/qgis
release=trixie
ask='from qgis.core import Qgis; raise SystemExit(Qgis.QGIS_VERSION_INT < 33400)'

[ ! -e $tree ] || exit 0
! /usr/bin/python3 -c "$ask" 2>/dev/null || exit 0
leave() {
    say "$*; tests that edit with QGIS are skipped"
    exit 0
}

[ "$(id -u)" = 0 ] || leave "only root may set up a newer QGIS in $tree (sh scripts/new_qgis.sh)"
mirror=$(apt-get indextargets --format '$(REPO_URI)' \
    'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
[ -n "$mirror" ] || leave "this is not Debian"
mkdir -p "${tree%/*}"
[ "$(df --output=avail -k "${tree%/*}" | tail -n 1)" -gt 4000000 ] ||
    leave "a newer QGIS needs 4 GB of disk in ${tree%/*}"
command -v debootstrap >/dev/null || apt_install debootstrap || leave "there is no debootstrap"
proxy=
eval "$(apt-config shell proxy Acquire::http::Proxy)"
[ -z "$proxy" ] || export http_proxy="$proxy"

say "setting up a newer QGIS in $tree: some five minutes"
part=$tree.part
rm -rf --one-file-system $part
{
    debootstrap --variant=minbase $release $part "$mirror" &&
        printf 'path-exclude=/usr/share/%s/*\n' doc man locale icons >$part/etc/dpkg/dpkg.cfg.d/slim &&
        printf '#!/bin/sh\nexit 101\n' >$part/usr/sbin/policy-rc.d &&
        chmod +x $part/usr/sbin/policy-rc.d &&
        chroot $part env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
            -o Dpkg::Options::=--force-unsafe-io \
            install --no-install-recommends python3-qgis qgis-providers &&
        chroot $part apt-get clean &&
        QT_QPA_PLATFORM=offscreen chroot $part /usr/bin/python3 -c "$ask"
} >$part.log 2>&1 </dev/null || leave "a newer QGIS could not be set up (see $part.log)"
rm -rf $part.log $part/var/lib/apt/lists
mv $part $tree
