#!/usr/bin/env bash
#SBATCH --job-name=got-train
#SBATCH --ntasks-per-node=1
#SBATCH --signal=B:USR1@300
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=got-train-%j.log
# Trains on all GPUs of one or several nodes.
#   sbatch --nodes=2 --gpus-per-node=8 --time=8:00:00 scripts/slurm_train.sh configs/stage2.yaml data.train=...
# 300 seconds before the time is over the run saves, and the job waits in the queue for its next turn. A run that
# fails, such as one that has lost a node, is started again at most RESTARTS times (default: 3). Every start after
# the first goes on from the newest whole checkpoint.
set -uo pipefail
if [ $# -eq 0 ] || [ -z "${SLURM_JOB_ID:-}" ]; then
    echo "usage: sbatch --nodes=N --gpus-per-node=8 $0 CONFIG.yaml key=value ..." >&2
    exit 2
fi

is_over=false
stop() {
    is_over=true
    scancel --signal=USR1 "$SLURM_JOB_ID" # the steps of the job, not this script
}
trap stop USR1

# One launcher a node. It ignores the signal, which its processes handle.
run() {
    local host
    host="$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)"
    srun --kill-on-bad-exit=1 bash -c 'trap "" USR1; exec "$@"' node \
        torchrun --nnodes="$SLURM_JOB_NUM_NODES" --nproc-per-node="${SLURM_GPUS_ON_NODE:-1}" \
        --rdzv-backend=c10d --rdzv-id="$SLURM_JOB_ID-$1" \
        --rdzv-endpoint="$host:$((20000 + SLURM_JOB_ID % 20000))" \
        -m got_train train "${@:2}" &
    local step=$! status
    wait "$step"
    status=$?
    while kill -0 "$step" 2>/dev/null; do # the signal has interrupted the waiting
        wait "$step"
        status=$?
    done
    return "$status"
}

resume=()
if [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ]; then
    resume=(resume=auto)
else
    got-train train "$@" --dry-run || exit # a mistake would end every start
fi
for attempt in $(seq 0 "${RESTARTS:-3}"); do
    run "${SLURM_RESTART_COUNT:-0}-$attempt" "$@" "${resume[@]}"
    status=$?
    if $is_over; then
        exec scontrol requeue "$SLURM_JOB_ID"
    fi
    if [ "$status" -eq 0 ]; then
        exit
    fi
    resume=(resume=auto)
done
exit "$status"
