# shellcheck shell=bash disable=SC2154
# Sourced by scripts/sweep: the table $csv of its $runs, which are the keys of $wanted, too, the tables beside it of
# what their validation tried, and the result.json of a run. A table is written aside and gets its name when it is
# whole.

columns=(accuracy interval dynamicParameters learnedParameters fullParameters proportion bytesPerStep wireBytesPerStep)
columns+=(secondsPerStep seconds)
header=$(IFS=,; echo "run,${columns[*]}")
number='(0|[1-9][0-9]{0,17})(\.[0-9]{1,40})?([eE][-+]?[0-9]{1,2})?'
declare -A row=()    # the numbers of every run of the list that has them
standing=()          # good lines of the table as it was found, of other runs, too
declare -A stands=() # the runs of the list that are among these

# may_lack RUN COLUMN: whether the job leaves it out: an interval without folds, what is not a phase's own
may_lack() {
  case $2 in
    interval) ;;
    accuracy) [[ "$1 " =~ \ --phase[\ =](learn|encode)\  ]] ;;
    secondsPerStep) [[ "$1 " =~ \ --phase[\ =](encode|classify)\ |\ --epochs[\ =]0\  ]] ;;
    *) false ;;
  esac
}

# is_row RUN NUMBERS: whether all that it needs is there
is_row() {
  local i fields
  IFS=, read -ra fields <<<"$2,end" # without an end, read drops a last field that is empty
  ((${#fields[@]} == ${#columns[@]} + 1)) || return 1
  for i in "${!columns[@]}"; do
    [[ ${fields[i]} =~ ^$number$ ]] || { [[ ! ${fields[i]} ]] && may_lack "$1" "${columns[i]}"; } || return 1
  done
}

# read_table: rows of $csv. One that lacks numbers is none where its run is in the list, nor is half a last line.
read_table() {
  local line run rest lines at=0
  [[ -s $csv ]] || return 0
  mapfile -t lines <"$csv"
  [[ ${lines[0]} == "$header" ]] ||
    fail 65 "$csv: expected the columns $header, found ${lines[0]:0:200}; name another table with CSV=FILE"
  while ((++at < ${#lines[@]})); do
    line=${lines[at]} run='' rest=''
    if [[ $line =~ ^\"([^\"]+)\",(.*)$ ]]; then run=${BASH_REMATCH[1]} rest=${BASH_REMATCH[2]}; fi
    if [[ $run ]] && is_row "$run" "$rest"; then
      [[ ! ${row[$run]:-} ]] || continue
      standing+=("$line")
      [[ ! ${wanted[$run]:-} ]] || row[$run]=$rest stands[$run]=yes
    elif [[ $run && ${wanted[$run]:-} ]]; then
      echo "$csv: line $((at + 1)) lacks numbers and is made again: $run" >&2
    elif ((at + 1 == ${#lines[@]})) && ends_within_a_line "$csv"; then
      echo "$csv: line $((at + 1)) is half a row and dropped: ${line:0:200}" >&2
    else
      fail 65 "$csv: line $((at + 1)): expected \"JOB OPTIONS\" and its numbers, found ${line:0:200}; mend or remove it"
    fi
  done
}
ends_within_a_line() { [[ $(tail -c 1 "$1" | wc -l) == 0 ]]; }

# write_table: what was there as it stood, then the other rows in the order of the list
write_table() {
  local run
  {
    printf '%s\n' "$header" "${standing[@]}"
    for run in "${runs[@]}"; do [[ ! ${row[$run]:-} || ${stands[$run]:-} ]] || echo "\"$run\",${row[$run]}"; done
  } | replace "$csv" || exit 1
}

# replace FILE: standard input is what it then has
replace() {
  { cat >"$1.new" && if cmp -s "$1.new" "$1"; then rm "$1.new"; else mv "$1.new" "$1"; fi; } 2>/dev/null ||
    fail 1 "$1: could not be written; make room for it, or name another table with CSV=FILE"
}

# take_result RUN FOLDER: its row and what it tried, from what it left there; false, and why in $flaw, where that lacks
# something.
take_result() {
  local run=$1 file=$2/result.json text='' column numbers=
  if [[ -e $file ]]; then text=$(head -c 65536 "$file" | tr -d '\0'); fi
  if [[ ! $text =~ ^[[:space:]]*\{.*\}[[:space:]]*$ ]]; then
    flaw="$file: expected a JSON object, the result of a run, found ${text:+something else}"
    [[ $text ]] || flaw+=$([[ -e $file ]] && echo an empty file || echo none)
    return 1
  fi
  for column in "${columns[@]}"; do
    if [[ $text =~ [{,[:space:]]\"$column\"[[:space:]]*:[[:space:]]*($number)[[:space:]]*[,}] ]]; then
      numbers+=,${BASH_REMATCH[1]}
    elif [[ $text != *"\"$column\""* ]] && may_lack "$run" "$column"; then
      numbers+=,
    else
      flaw="$file: expected a number named $column, found none"
      return 1
    fi
  done
  if [[ "$run " == *" --validate "* ]]; then take_tries "$run" "$2/validation.csv" || return 1; fi
  row[$run]=${numbers#,}
}

# take_tries RUN FILE: replaces what the table of its job has of the run; the jobs have other columns
take_tries() {
  local run=$1 file=$2 first scores=${csv%.csv}_validation.csv
  [[ $run != rica* ]] || scores=${csv%.csv}_rica_validation.csv
  # A rate whose loss is no number has all samples wrong, and nothing else.
  if [[ ! -s $file ]] || ends_within_a_line "$file" || ! awk -F, 'NR == 1 { n = NF }
    NF != n || /^,|,,|,$/ && !/^[^,]+,,1,,,$/ { exit bad = 1 } END { exit bad || NR < 2 }' "$file"; then
    flaw="$file: expected a table of what --validate tried, found none that is whole"
    return 1
  fi
  first=run,$(head -n 1 "$file")
  if [[ -s $scores ]]; then
    [[ $(head -n 1 "$scores") == "$first" ]] ||
      fail 65 "$scores: expected the columns $first, as $file has them; name another table with CSV=FILE"
  fi
  {
    echo "$first"
    [[ ! -s $scores ]] || RUN=$run awk 'NR > 1 && index($0, "\"" ENVIRON["RUN"] "\",") != 1' "$scores"
    RUN=$run awk 'NR > 1 { print "\"" ENVIRON["RUN"] "\"," $0 }' "$file"
  } | replace "$scores" || exit 1 # set -e is off in a condition
}
