#!/usr/bin/env bash
# Training steps at one rank count after the other inside one allocation: 1, 2, 4 … and all of its tasks, or RANKS_LIST.
#   sbatch slurm/scaling.sh [OPTIONS]   from the folder of the repository; OPTIONS are those of `scaling run`
#   bash slurm/scaling.sh [OPTIONS]     where there is no Slurm: under mpirun, up to one rank a core or RANKS of them
# All rows go to one table (--csv, else runs/scaling/scaling.csv); name the network with --link.
#SBATCH --job-name=scaling
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=8
#SBATCH --cpus-per-task=1
#SBATCH --time=01:00:00
#SBATCH --output=logs/%x-%j.out
#SBATCH --open-mode=append
set -euo pipefail

# sbatch runs a copy of this script: the repository is then the folder that the job was submitted from.
here=$(dirname "$0")
[[ -e $here/site.sh ]] || here=$SLURM_SUBMIT_DIR/slurm
source "$here/site.sh"
source "$here/../scripts/launch.sh"
source "$here/../scripts/scaling.sh"

choose_counts "${SLURM_NTASKS:-${RANKS:-$(cores)}}"
end_together
for ranks in "${counts[@]}"; do
  # srun's own -n, and mpirun's by launch
  SLURM_NTASKS=$ranks RANKS=$ranks attended launch scaling run --threads "${SLURM_CPUS_PER_TASK:-1}" "$@"
done
show_scaling "$(csv_of "$@")"
