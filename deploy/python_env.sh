#!/bin/sh
# Makes .venv and installs a requirements file into it, unless that is done already.
#   deploy/python_env.sh requirements.txt|requirements-dev.txt      (PYTHON=python3.12 chooses the interpreter)
set -eu
cd "$(dirname "$0")/.."
requirements=$1
python=${PYTHON:-python3}

fail() {
    echo "error: $*" >&2
    exit 1
}

# The development list contains the other one.
installed() {
    for stamp in "$requirements" requirements-dev.txt; do
        [ "$(cat ".venv/installed-$stamp" 2>/dev/null)" = "$(sha256sum "$stamp")" ] && return 0
    done
    return 1
}

# Also when the folder was moved or its Python is gone.
usable() {
    [ -x .venv/bin/python ] && .venv/bin/python -c 'import sys; sys.exit(sys.prefix != sys.argv[1])' "$PWD/.venv" 2>/dev/null
}

if ! usable; then
    command -v "$python" >/dev/null || fail "$python was not found. Install Python 3.11 or newer, or say where it is: make PYTHON=/path/to/python3.12"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$("$python" --version 2>&1) is too old: Python 3.11 or newer is needed. Choose another one: make PYTHON=python3.12"
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python lacks the module venv. On Debian and Ubuntu: apt install $("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
    echo "python     .venv ($("$python" --version))"
    rm -rf .venv
    "$python" -m venv .venv
fi

installed && exit 0
echo "packages   $requirements"
# An empty HOME would put pip's cache into /.
[ -n "${HOME:-}" ] || export PIP_NO_CACHE_DIR=1
PIP_ROOT_USER_ACTION=${PIP_ROOT_USER_ACTION:-ignore} PIP_DISABLE_PIP_VERSION_CHECK=1 \
    .venv/bin/python -m pip install --quiet --no-input -r "$requirements" </dev/null ||
    fail "the packages of $requirements could not be installed; pip's message stands above"
sha256sum "$requirements" >".venv/installed-$requirements"
