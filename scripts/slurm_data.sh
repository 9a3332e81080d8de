#!/usr/bin/env bash
#SBATCH --job-name=got-data
#SBATCH --cpus-per-task=16
#SBATCH --output=got-data-%A-%a.log
# Draws data with a Slurm array, each task one part; whichever part ends last finishes the run.
#   sbatch --array=0-7 scripts/slurm_data.sh formula --count 1000000 --output data/formula
#   sbatch --array=0-7 scripts/slurm_data.sh mix configs/engines/stage1.yaml sources.pdf=pdfs
# A part that was lost is drawn by the same command again; what is there already stays.
set -euo pipefail
if [ $# -eq 0 ] || [ -z "${SLURM_ARRAY_TASK_ID:-}" ]; then
    echo "usage: sbatch --array=0-N $0 KIND --count N --output DIR ... | mix CONFIG.yaml key=value ..." >&2
    exit 2
fi
part="$((SLURM_ARRAY_TASK_ID - ${SLURM_ARRAY_TASK_MIN:-0}))/$SLURM_ARRAY_TASK_COUNT"
workers="${SLURM_CPUS_PER_TASK:-1}"
if [ "$1" = mix ]; then
    exec got-data "$@" "defaults.shard=$part" "defaults.workers=$workers"
fi
exec got-data "$@" --shard "$part" --workers "$workers"
