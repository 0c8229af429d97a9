#!/bin/sh
# What tests need from the system: for the browser tests Chromium and a Chinese font, for `office` LibreOffice Calc.
# Installs what is missing where it may.
set -u

missing=""
if [ "${1:-}" = office ]; then
    command -v soffice >/dev/null && exit 0
    missing="libreoffice-calc"
else
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
        missing="chromium"
    command -v fc-list >/dev/null && [ -n "$(fc-list :lang=zh-cn family 2>/dev/null)" ] || missing="$missing fonts-noto-cjk"
fi
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null; then
    as_root=""
    possible=no
elif [ "$(id -u)" = 0 ]; then
    as_root=""
    possible=yes
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
    possible=yes
else
    as_root=""
    possible=no
fi

if [ $possible = yes ]; then
    echo "system     $missing"
    # $as_root and $missing are lists of words.
    # shellcheck disable=SC2086
    $as_root apt-get -qq update </dev/null
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing fontconfig \
        </dev/null >/dev/null && exit 0
    echo "warning: apt-get could not install:$missing" >&2
fi
echo "These tests need packages of the system: $missing" >&2
echo "Install them as root, on Debian and Ubuntu by: apt install $missing fontconfig" >&2
exit 0
