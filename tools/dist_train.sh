#!/usr/bin/env bash
# Train on N processes of this machine: with NCCL, one per GPU, or with Gloo on CPUs.
# More machines: set NNODES, NODE_RANK, MASTER_ADDR and MASTER_PORT on each; NNODES=1:4 for one to four, as many as there
# are at the moment, with MASTER_ADDR on one that stays. MAX_RESTARTS=3 starts the processes again after a failure, up to
# three times, from the last checkpoint.
set -euo pipefail

if [ "$#" -lt 2 ] || [ "$1" = "-h" ] || [ "$1" = "--help" ]; then
    cat <<'USAGE'
usage: tools/dist_train.sh CONFIG N [options of tools/train.py]

example: tools/dist_train.sh configs/agmax/resnet50_cutmix_aa_270e.py 8 --amp
USAGE
    [ "${1:-}" = "-h" ] || [ "${1:-}" = "--help" ] && exit 0 || exit 2
fi
config=$1
processes=$2
shift 2

case "$processes" in
    '' | *[!0-9]* | 0*) echo "error: N: expected a number of processes of at least 1, got '$processes'" >&2; exit 2 ;;
esac
case "${MAX_RESTARTS:-0}" in
    *[!0-9]*) echo "error: MAX_RESTARTS: expected a whole number, got '$MAX_RESTARTS'" >&2; exit 2 ;;
esac

# Without GPUs the processes share the cores; torch would give every one of them all.
if ! command -v nvidia-smi >/dev/null 2>&1; then
    cores=$(getconf _NPROCESSORS_ONLN)
    share=$((cores / processes))
    export OMP_NUM_THREADS="${OMP_NUM_THREADS:-$((share > 0 ? share : 1))}"
fi

python=${PYTHON:-python}
address=()
if [ "${NNODES:-1}" = 1 ]; then
    # A free port, so that two trainings can run side by side.
    address=(--rdzv-backend c10d --rdzv-endpoint "localhost:${MASTER_PORT:-0}")
elif [[ "$NNODES" == *:* ]]; then
    address=(--nnodes "$NNODES" --rdzv-backend c10d --rdzv-endpoint "${MASTER_ADDR:?}:${MASTER_PORT:-29500}")
else
    address=(--nnodes "$NNODES" --node-rank "${NODE_RANK:-0}" --master-addr "${MASTER_ADDR:?}" --master-port "${MASTER_PORT:-29500}")
fi
exec "$python" -m agmax_mm.launcher --nproc-per-node "$processes" --max-restarts "${MAX_RESTARTS:-0}" "${address[@]}" \
    "$(dirname "$0")/train.py" "$config" --launcher pytorch "$@"
