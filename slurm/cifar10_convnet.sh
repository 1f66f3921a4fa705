#!/usr/bin/env bash
# The convolutional network of Denil et al. 2013, Fig. 5, on CIFAR-10, a quarter of its weights learned.
#   sbatch slurm/cifar10_convnet.sh [OPTIONS]   from the folder of the repository; OPTIONS are those of convnet and
#                                               replace the defaults below
#   bash slurm/cifar10_convnet.sh [OPTIONS]     where there is no Slurm: under mpirun, one rank a core or RANKS=N
#SBATCH --job-name=cifar10_convnet
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

launch convnet --dataset cifar10 --batch 128 --epochs 30 --threads "${SLURM_CPUS_PER_TASK:-1}" "$@"
