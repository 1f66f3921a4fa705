# shellcheck shell=bash
# Sourced. install_packages PACKAGE...: installs Debian or Ubuntu packages; where that is impossible, says what to do and ends.
install_packages() {
  local log sudo=()
  if ! command -v apt-get >/dev/null; then
    echo "There is no apt-get here: install what these Debian packages hold by your system's means, then start again: $*" >&2
    exit 1
  fi
  if ((EUID != 0)); then
    command -v sudo >/dev/null || { echo "Have root install it, then start again: apt-get install $*" >&2; exit 1; }
    sudo=(sudo)
  fi
  log=$(mktemp "${TMPDIR:-/tmp}/colonnade-install.XXXXXX")
  echo "installing with ${sudo[*]}${sudo[*]:+ }apt-get: $*"
  # RUNLEVEL=1 keeps packages from starting system-wide daemons where there is no systemd.
  if ! "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 sh -c \
    'apt-get -q update && apt-get -qy -o DPkg::Lock::Timeout=600 install --no-install-recommends "$@"' sh "$@" </dev/null >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    echo "apt-get could not install $*; all that it said is in $log" >&2
    exit 1
  fi
  rm -f "$log"
}
