# shellcheck shell=bash
# Sourced: what a script starts ends with it, and is waited for where a signal is heard.

# end_together: from here on whatever ends this script ends all that it started; a signal with code 128 + its number.
end_together() {
  trap end_children EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# end_children: ends the processes below this shell, and kills those that are there after ten seconds.
end_children() {
  local i pids
  [[ $BASHPID == "$$" && $(jobs -rp) ]] || return 0
  trap '' HUP INT TERM
  mapfile -t pids < <(below $$)
  ((${#pids[@]} > 0)) || mapfile -t pids < <(jobs -rp) # on a kernel that lists no children
  kill -TERM "${pids[@]}" || true
  for ((i = 0; i < 100; i++)); do
    alive "${pids[@]}" || return 0
    sleep 0.1
  done
  kill -KILL "${pids[@]}" || true
} 2>/dev/null # about those that have ended

# alive PID...: whether one of them runs; what nobody has waited for yet (Z) does not.
alive() {
  local pid state
  for pid; do
    # With a status, since in a trap it would be that of the command before.
    { read -r state </proc/"$pid"/stat && [[ ${state##*) } != Z* ]]; } 2>/dev/null && return 0
  done
  return 1
}

# below PID: the processes that it started, and that these started
below() {
  local thread child
  for thread in /proc/"$1"/task/*; do
    while read -rd ' ' child; do
      echo "$child"
      below "$child"
    done <"$thread/children"
  done
}

# attended COMMAND...: runs it aside, so that a signal is heard at once and not when the command has ended.
attended() {
  ("$@") <&0 & # in (): bash has a plain command ignore SIGINT
  wait $!
}

# patiently WHAT COMMAND...: attended, and says every ten seconds that it goes on.
patiently() {
  ("${@:2}") <&0 &
  wait_for_one 10 "$1" $!
  return "$code"
}

# wait_for_one SECONDS WHAT PID...: waits for one of these children to end; it is then in $ended, its exit code in
# $code. Meanwhile says that WHAT goes on: every so many SECONDS, and on a terminal every ten, a line over the other.
wait_for_one() {
  local every=$1 what=$2 begun=$SECONDS said=$SECONDS pause=0.1 pid line
  [[ ! -t 1 ]] || every=10
  while true; do
    for pid in "${@:3}"; do alive "$pid" || break 2; done
    ((SECONDS - begun < 10)) || pause=1
    sleep "$pause" # no read -t, in which bash may crash at a signal
    ((SECONDS - said >= every)) || continue
    said=$SECONDS line="still busy after $((SECONDS - begun)) s: $what"
    if [[ -t 1 ]]; then printf '\r\033[K%.78s' "$line"; else echo "$line"; fi
  done
  [[ ! -t 1 ]] || printf '\r\033[K'
  # shellcheck disable=SC2034 # $ended is for who calls this
  ended=$pid code=0
  wait "$pid" || code=$?
}
