#!/bin/sh
# What only the tests use: a browser, QGIS, Chinese fonts, an MQTT broker. Tests that miss one say so and skip.
set -eu
. scripts/common.sh

command -v dpkg-query >/dev/null || exit 0

missing=
for package in chromium python3-qgis fonts-noto-cjk mosquitto; do
    case $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) in
    installed) ;;
    *) missing="$missing $package" ;;
    esac
done
if [ -n "$missing" ] && ! may_apt; then
    say "for all tests, install: sudo apt-get install -y$missing"
    exit
fi
for package in $missing; do
    apt_install "$package" || say "$package could not be installed; tests that need it are skipped"
done
sh scripts/new_qgis.sh
