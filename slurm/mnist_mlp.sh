#!/usr/bin/env bash
# A list of runs as a job array, a run a task: perceptrons on MNIST.
#   sbatch --array=1-N slurm/mnist_mlp.sh [LIST]   from the folder of the repository; LIST is slurm/mnist_mlp.list, N
#                                                  its number of runs (afterwards scripts/sweep LIST makes the table,
#                                                  and what is missing)
#   bash slurm/mnist_mlp.sh [LIST] N               run N of the list where there is no Slurm: under mpirun, one rank a
#                                                  core or RANKS=N
#SBATCH --job-name=mnist_mlp
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=2
#SBATCH --cpus-per-task=1
#SBATCH --time=00:30:00
#SBATCH --output=logs/%x-%A_%a.out
#SBATCH --open-mode=append
#SBATCH --requeue
# Two minutes before the end, to the ranks: they keep a checkpoint, and launch puts the job into the queue again.
#SBATCH --signal=USR1@120
set -euo pipefail

# sbatch runs a copy of this script: the repository is then the folder that the job was submitted from.
here=$(dirname "$0")
[[ -e $here/site.sh ]] || here=$SLURM_SUBMIT_DIR/slurm
source "$here/site.sh"
source "$here/../scripts/launch.sh"
source "$here/../scripts/list.sh"

list=$here/mnist_mlp.list
if [[ ${1:-} && ! ${1:-} =~ ^[0-9]+$ ]]; then
  list=$1
  shift
fi
number=${SLURM_ARRAY_TASK_ID:-${1:-}}
if [[ ! -r $list || -d $list ]]; then
  echo "mnist_mlp: $list: expected a list of runs, a job and its options a line, found no such file" >&2
  exit 64
fi
mapfile -t runs < <(runs_of "$list")
if [[ ! $number =~ ^[1-9][0-9]{0,5}$ ]] || ((number > ${#runs[@]})); then
  echo "mnist_mlp: expected the number of a run of $list, 1 to ${#runs[@]}, found '$number':" \
    "sbatch --array=1-${#runs[@]} slurm/mnist_mlp.sh" >&2
  exit 64
fi
run=${runs[number - 1]}
echo "run $number of $list: $run"
read -ra words <<<"$run"
launch "${words[@]}" --run-dir "$(folder_of "$list" "$run")" --threads "${SLURM_CPUS_PER_TASK:-1}"
