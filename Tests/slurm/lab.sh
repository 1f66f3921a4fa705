# shellcheck shell=bash
# shellcheck disable=SC2034,SC2317 # what those who source it use
# Sourced by the tests on Slurm: a throw-away Slurm of two nodes, with a copy of the repository for its user, and how
# a test is made and told. Where the machine cannot have one it says so, and ends the test.
top=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
if ((EUID != 0)) && sudo -n true 2>/dev/null; then exec sudo -n "$top/Tests/slurm/${0##*/}" "$@"; fi

COLONNADE_LAB_DIR=$(mktemp -d /tmp/colonnade-lab.XXXXXX)
export COLONNADE_LAB_DIR
lab=$top/slurm/lab
checkout=$COLONNADE_LAB_DIR/work/colonnade
trap '"$lab" down >&2 || true; rm -rf "$COLONNADE_LAB_DIR"' EXIT

if ((EUID != 0)); then
  echo "skip Slurm: the lab needs root to make namespaces"
  exit
elif ! unshare --fork --pid --net --uts --mount true 2>/dev/null; then
  echo "skip Slurm: namespaces are not allowed here"
  exit
fi
"$lab" up 2 >&2

# The lab's user, like any user, has a folder of the repository that is all his own.
install -d "$checkout/.build/release" "$checkout/Sources/jobs/mlp" # by which scripts/run knows the job
cp -r "$top/slurm" "$top/scripts" "$top/logs" "$top/Samples" "$checkout"
cp "$top"/.build/release/{rica,mlp,convnet,scaling,mpi-checks,write-stl10} "$checkout/.build/release"
chown -R "$(stat -c %u:%g "$COLONNADE_LAB_DIR/work")" "$checkout"
as_user() { "$lab" exec timeout -k 5 "${patience:-240}" env -C "$checkout" "$@"; }

failures=0
# check NAME CONDITION...: the condition is a command; a failed test shows the newest log.
check() {
  local name=$1
  shift
  if "$@"; then
    echo "ok $name"
  else
    echo "not ok $name: status $status after $seconds s; not so: $*"
    failures=$((failures + 1))
    sed 's/^/  | /' "$output" >&2
  fi
}
# Runs a command as the lab's user; what it or its Slurm job says goes to $output. Once in some hundred starts by srun a
# message reaches Open MPI 4.1 while MPI_Init has no function for it yet, and it calls 0 (docs/mpi.md): such a start is
# made again, three at most in all tests.
status=0 seconds=0 ended=0 output=$COLONNADE_LAB_DIR/output false_starts=0
try() {
  local started log
  while true; do
    started=$SECONDS
    rm -f "$checkout"/logs/*.out
    status=0
    as_user "$@" >"$output" 2>&1 || status=$?
    seconds=$((SECONDS - started)) ended=$EPOCHREALTIME
    for log in "$checkout"/logs/*.out; do [[ ! -e $log ]] || cat "$log" >>"$output"; done
    says 'Bad pointer dereference at 0x0+ ' && says '^  0 +null$' || return 0
    false_starts=$((false_starts + 1))
    ((false_starts <= 3)) || return 0
    echo "a rank crashed in MPI_Init: started again" >&2
  done
}
says() { grep -qE -- "$1" "$output"; }
file_says() { grep -qE -- "$2" "$checkout/runs/$1"; }
number() { sed -nE "/\"$2\" *:/{s/.*\"$2\" *: *\"?([-+.0-9eE]+).*/\1/p;q}" "$checkout/runs/$1"; } # FILE KEY: the first
between() { awk -v low="$1" -v x="$2" -v high="$3" 'BEGIN { exit !(x != "" && low <= x && x <= high) }'; }
rank_process() { # RANK: of the job that runs
  local process
  for process in /proc/[0-9]*; do
    [[ $(readlink "$process/exe") != "$checkout/.build/release/mlp" ]] ||
      ! grep -qz "^SLURM_PROCID=$1\$" "$process/environ" || echo "${process#/proc/}"
  done
}
