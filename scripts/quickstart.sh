#!/usr/bin/env bash
# Installs got-train, then runs the whole recipe in miniature on the CPU: 8 to 18 minutes on 2 cores.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/install.sh
install_got_train
exec got-train quickstart "$@"
