# shellcheck shell=bash
# Sourced by scripts/sweep and slurm/mnist_mlp.sh: lists of runs. A line is a job and its options; empty lines and those
# that begin with # are left out.

# runs_of LIST: its runs, a line each
runs_of() { sed -e 's/[[:space:]]\+/ /g; s/^ //; s/ $//' -e '/^#/d; /^$/d' "$1"; }

# folder_of LIST RUN: the run directory of a run: named by its options, so that whoever runs it finds it
folder_of() {
  local list=${1##*/} name=${2// --/_}
  name=${name//\//-}
  echo "runs/${list%.*}/${name// /_}"
}
