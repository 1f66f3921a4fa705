# shellcheck shell=bash
# Sourced by scripts/scaling and slurm/scaling.sh: which rank counts are measured, and what of the table is shown.

# choose_counts MOST: sets counts to RANKS_LIST, else 1 2 4 … MOST
choose_counts() {
  local ranks
  expect_count RANKS "$1"
  counts=()
  for ((ranks = 1; ranks < $1; ranks *= 2)); do counts+=("$ranks"); done
  counts+=("$1")
  [[ ! ${RANKS_LIST:-} ]] || read -rd '' -a counts <<<"$RANKS_LIST" || true # false, since there is no end to find
  if ((${#counts[@]} == 0)); then
    echo "RANKS_LIST: expected numbers of ranks, such as '1 2 4', found none" >&2
    exit 64
  fi
  for ranks in "${counts[@]}"; do expect_count RANKS_LIST "$ranks"; done
}

# csv_of [OPTIONS]: the table that the options of scaling run name
csv_of() {
  local file=runs/scaling/scaling.csv
  while (($# > 0)); do
    case $1 in
      --csv) file=${2:-} ;;
      --csv=*) file=${1#--csv=} ;;
    esac
    shift
  done
  echo "$file"
}

# show_scaling CSV: what was measured at every rank count, medians in ms; an asterisk marks ranks that share cores
show_scaling() {
  local format='%-24s %-6s %-10s %8s %-18s %6s %8s %10s %10s %10s %10s %12s\n'
  # shellcheck disable=SC2059 # the format is the variable
  printf "$format" model mode link learned exchange ranks batch step compute wait exchange wire-bytes
  awk -F, -v format="$format" '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    function ms(phase) { return sprintf("%.3f", 1000 * $at[phase "_median"]) }
    {
      printf format, $at["model"], $at["mode"], $at["link"], $at["learned"], $at["exchange"],
        $at["ranks"] ($at["oversubscribed"] == "true" ? "*" : ""), $at["batch"],
        ms("step"), ms("compute"), ms("wait"), ms("exchange"), $at["wireBytes"]
    }' "$1" | sort -s -k1,5 -k6,6n
  if grep -q ',true,' "$1"; then echo "* more ranks than cores: no scaling"; fi
}
