# shellcheck shell=bash
# Sourced by scripts that start jobs: how that is done.
source "$(dirname "${BASH_SOURCE[0]}")/children.sh"

# expect_count NAME VALUE: ends the script where it is none.
expect_count() {
  [[ $2 =~ ^[1-9][0-9]{0,5}$ ]] && return
  echo "$1: expected a number from 1 to 999999, found '$2'" >&2
  exit 64
}

# The cores that this process may use: hardware threads of one core count once.
cores() {
  local physical allowed
  physical=$(lscpu -p=socket,core 2>/dev/null | grep -v '^#' | sort -u | wc -l)
  allowed=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc) # which would be its answer
  echo $((physical > 0 && physical < allowed ? physical : allowed))
}

# OpenBLAS takes AVX2 kernels on a processor that is newer than itself, at half the speed where there is AVX-512.
choose_kernels() { # BINARY
  local flag
  [[ -z ${OPENBLAS_CORETYPE:-} ]] || return 0
  for flag in avx512f avx512bw avx512dq avx512vl; do grep -qsw "$flag" /proc/cpuinfo || return 0; done
  case $(OPENBLAS_VERBOSE=2 "$1" --version 2>&1) in
    *'Core: SkylakeX'* | *'Core: Cooperlake'* | *'Core: SapphireRapids'*) ;;
    *'Core: '*) export OPENBLAS_CORETYPE=SkylakeX ;;
  esac
}

# leave_old_job [OPTIONS]: ends the script where SLURM_JOB_ID names a job that has ended, as in a shell that was opened
# in it. A dry run goes on without Slurm.
leave_old_job() {
  local jobs
  [[ ${ENVIRONMENT:-} != BATCH ]] || return 0 # a batch script runs as long as its job
  if command -v srun >/dev/null; then
    if jobs=$(squeue --noheader --jobs "$SLURM_JOB_ID" 2>&1); then
      [[ ! $jobs ]] || return 0
    elif [[ $jobs != *'Invalid job id'* ]]; then
      return 0 # what else is wrong, srun will say
    fi
  fi
  if [[ " $* " == *" --dry-run "* ]]; then
    unset "${!SLURM_@}" "${!PMIX_@}"
    return 0
  fi
  echo "SLURM_JOB_ID is $SLURM_JOB_ID, which is no job that runs here:" \
    "open a new shell, or 'unset \${!SLURM_@}' to go on without Slurm" >&2
  exit 64
}

# start_again: puts this Slurm job, which was stopped, into the queue again, but not for ever.
start_again() {
  local most=${COLONNADE_REQUEUES:-20} restarts=${SLURM_RESTART_COUNT:-0} name
  [[ $most =~ ^[0-9]{1,6}$ ]] || most=20
  if ((restarts >= most)); then
    echo "stopped after $restarts restarts, COLONNADE_REQUEUES=$most: submit it again, and it goes on"
    return
  fi
  echo "stopped: job $SLURM_JOB_ID is put into the queue again, restart $((restarts + 1)) of $most," \
    "and goes on from there"
  # The number of one task of a job array is that of the array, too: asked by number, Slurm starts all tasks again.
  name=$(squeue --noheader --jobs "$SLURM_JOB_ID" --format '%A %i' |
    awk -v job="$SLURM_JOB_ID" '$1 == job { print $2 }') || name=''
  # The requeue ends this script, too.
  { [[ $name ]] && scontrol requeue "$name"; } || echo "Slurm did not take it: submit it again, and it goes on"
}

# launch JOB [OPTIONS]: starts JOB on all ranks, by srun inside of a Slurm job, else by mpirun, and ends this shell with
# its code; report and scaling plan are one process.
#   COLONNADE_BIN  the job's program (.build/release/JOB of this repository)
#   RANKS          ranks under mpirun (one a core); srun takes the allocation's
#   MPIRUN         the launcher that belongs to the job's MPI (mpirun)
launch() {
  local job=$1 program cores ranks threads=${SLURM_CPUS_PER_TASK:-1} bind=none
  program=${COLONNADE_BIN:-$(dirname "${BASH_SOURCE[0]}")/../.build/release/$job}
  shift
  if [[ ! -f $program || ! -x $program ]]; then
    echo "$program is no program: build it with 'scripts/setup $job' (swift build -c release --product $job)," \
      "or name one with COLONNADE_BIN" >&2
    exit 1
  fi
  program=$(realpath "$program")
  # One process: they read and write files, and never start MPI.
  if [[ $job == report || "$job ${1:-}" == "scaling plan" ]]; then exec "$program" "$@"; fi
  choose_kernels "$program"
  # Unset, OpenBLAS starts a thread a core in every rank.
  export OPENBLAS_NUM_THREADS=$threads OMP_NUM_THREADS=$threads
  [[ ! ${SLURM_JOB_ID:-} ]] || leave_old_job "$@"
  if [[ ${SLURM_STEP_ID:-} =~ ^[0-9]{1,9}$ ]]; then
    # A shell that srun opened: another srun would wait for what that one holds. (salloc's own has a larger number.)
    RANKS=${RANKS:-1}
    echo "SLURM_STEP_ID is set, so this shell is a step of job ${SLURM_JOB_ID:-?}: starting RANKS=$RANKS by mpirun" >&2
  elif [[ ${SLURM_JOB_ID:-} ]]; then
    # Where the job was started by hand inside an allocation.
    [[ ${SLURM_MPI_TYPE:-} ]] || source "$(dirname "${BASH_SOURCE[0]}")/../slurm/site.sh"
    local srun=(srun --kill-on-bad-exit=1 --cpus-per-task="$threads" "$program" "$@") code=0
    [[ ${ENVIRONMENT:-} == BATCH ]] || exec "${srun[@]}"
    "${srun[@]}" || code=$?
    ((code != 75)) || start_again
    exit "$code"
  fi
  cores=$(cores)
  ranks=${RANKS:-$cores}
  expect_count RANKS "$ranks"
  # Two jobs bound by two mpiruns share the first cores, so bind only where a job fills the machine.
  ((ranks != cores)) || bind=core
  # As environment, since these are Open MPI's own: more ranks than cores, and root.
  ((ranks <= cores)) || export OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
  ((EUID != 0)) || export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  # Open MPI 4 ends with code 243 where it finds nothing to reach other hosts with, which one host does not need.
  command -v ssh rsh >/dev/null || export OMPI_MCA_plm_rsh_agent=${OMPI_MCA_plm_rsh_agent:-false}
  exec "${MPIRUN:-mpirun}" -n "$ranks" --bind-to "$bind" "$program" "$@"
}
