#!/usr/bin/env bash
# Installs got-train with its development tools, then lints, checks types and runs the tests.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/install.sh
install_got_train bench,completion,demo,dev,docs,engines,eval,languages,modelscope,quantization,ray,render,serve
ruff check .
ruff format --check .
mypy
exec python -m pytest "$@"
