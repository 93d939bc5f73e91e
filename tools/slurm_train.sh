#!/usr/bin/env bash
# Train under Slurm: one task per process, with NCCL on GPUs or with Gloo on CPUs.
set -euo pipefail

if [ "$#" -lt 4 ] || [ "$1" = "-h" ] || [ "$1" = "--help" ]; then
    cat <<'USAGE'
usage: [GPUS_PER_NODE=8] [CPUS_PER_TASK=5] [SRUN_ARGS=...] tools/slurm_train.sh PARTITION JOB_NAME CONFIG N [options of tools/train.py]

example: GPUS_PER_NODE=8 tools/slurm_train.sh gpu agmax configs/agmax/resnet50_cutmix_aa_270e.py 16 --amp
USAGE
    [ "${1:-}" = "-h" ] || [ "${1:-}" = "--help" ] && exit 0 || exit 2
fi
partition=$1
job=$2
config=$3
tasks=$4
shift 4

case "$tasks" in
    '' | *[!0-9]* | 0*) echo "error: N: expected a number of processes of at least 1, got '$tasks'" >&2; exit 2 ;;
esac
per_node=${GPUS_PER_NODE:-8}
case "$per_node" in
    *[!0-9]*) echo "error: GPUS_PER_NODE: expected a whole number, 0 for none, got '$per_node'" >&2; exit 2 ;;
esac
command -v srun >/dev/null 2>&1 || { echo "error: srun: expected Slurm on this machine, got none" >&2; exit 2; }
[ "$tasks" -lt "$per_node" ] && per_node=$tasks
gpus=()
[ "$per_node" -gt 0 ] && gpus=(--gres "gpu:$per_node")
[ "${GPUS_PER_NODE:-8}" = 0 ] && gpus=() && per_node=$tasks

# shellcheck disable=SC2086  # SRUN_ARGS is a list of options
exec srun -p "$partition" --job-name "$job" "${gpus[@]}" --ntasks "$tasks" --ntasks-per-node "$per_node" \
    --cpus-per-task "${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
    "${PYTHON:-python}" -u "$(dirname "$0")/train.py" "$config" --launcher slurm "$@"
