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
  local what=$1 begun=$SECONDS bell command timer ended status
  exec {bell}<> <(:)
  ("${@:2}") <&0 &
  command=$!
  while true; do
    read -rt 10 -u "$bell" &
    timer=$! status=0
    wait -n -p ended "$command" "$timer" || status=$?
    [[ $ended == "$timer" ]] || break
    echo "still busy after $((SECONDS - begun)) s: $what"
  done
  echo >&"$bell" # no signal: bash may run this script's own traps in a child that gets one at once
  wait "$timer" || true
  exec {bell}>&-
  return "$status"
}
