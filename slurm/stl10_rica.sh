#!/usr/bin/env bash
# RICA with predicted features on STL-10: 10×10 patches, 10 folds.
#   sbatch slurm/stl10_rica.sh [OPTIONS]   from the folder of the repository; OPTIONS are those of rica and replace
#                                          the defaults below
#   bash slurm/stl10_rica.sh [OPTIONS]     where there is no Slurm: under mpirun, one rank a core or RANKS=N
#SBATCH --job-name=stl10_rica
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=8
#SBATCH --cpus-per-task=1
#SBATCH --time=01:00:00
#SBATCH --output=logs/%x-%j.out
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

defaults=(--dataset stl10 --threads "${SLURM_CPUS_PER_TASK:-1}")
if [[ " $* " != *" --phase "@(encode|classify)" "* ]]; then # else the model has the rest
  defaults+=(--patch 10 --features 400)
  [[ " $* " == *" --dense "* ]] || defaults+=(--columns 16) # a dense layer has no columns
fi
launch rica "${defaults[@]}" "$@"
