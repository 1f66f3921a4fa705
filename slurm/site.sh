# shellcheck shell=bash
# Sourced by the job scripts on the first node of a job: the lines that a site changes.
#
# Partition and account are read by sbatch itself, before this file: give them as `sbatch -p NAME -A NAME slurm/…`,
# or put `export SBATCH_PARTITION=NAME SBATCH_ACCOUNT=NAME` into your shell's profile.

# The modules that the program was built with:
# module load openmpi openblas

# How srun tells ranks of each other; `srun --mpi=list` shows what a site has. Open MPI: pmix. MPICH: pmi2.
export SLURM_MPI_TYPE=${SLURM_MPI_TYPE:-pmix}

# Where the data sets are (see docs/cluster.md); without it ./data is searched.
# export COLONNADE_DATA=/path/to/data

# How often a job that was stopped is put into the queue again:
# export COLONNADE_REQUEUES=20

# The kernels of OpenBLAS, where the choice of scripts/launch.sh is wrong:
# export OPENBLAS_CORETYPE=SkylakeX
