# Sourced by the other scripts: makes a virtual environment when none is active, and installs got-train into it.
# Usage: install_got_train [EXTRA]

install_got_train() {
    if [ -z "${VIRTUAL_ENV:-}" ]; then
        local python
        for python in python3.13 python3.12 python3.11 python3 none; do
            if [ "$python" = none ]; then
                echo "got-train needs Python 3.11 or newer: apt-get install python3 python3-venv" >&2
                return 2
            fi
            "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break
        done
        if [ ! -x .venv/bin/python ]; then
            "$python" -m venv .venv || {
                echo "no virtual environment could be made: apt-get install python3-venv" >&2
                return 2
            }
        fi
        . .venv/bin/activate
    fi
    # torch is pinned first: any other release would fetch gigabytes of CUDA on a machine without a GPU.
    python -m pip install --quiet --disable-pip-version-check --constraint scripts/constraints.txt torch
    python -m pip install --quiet --disable-pip-version-check --constraint scripts/constraints.txt \
        --editable ".${1:+[$1]}"
}
