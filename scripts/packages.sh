# shellcheck shell=bash
# Sourced. install WHY PACKAGE...: installs Debian or Ubuntu packages and says so; where that is impossible, says what is missing and ends.
install() {
  local why=$1 log sudo=()
  shift
  if ! command -v apt-get >/dev/null; then
    echo "missing: $* ($why). There is no apt-get here: install what these Debian packages hold by your system's means, then start again." >&2
    exit 1
  fi
  if ((EUID != 0)); then
    command -v sudo >/dev/null || { echo "missing: $* ($why). As root run: apt-get install $*" >&2; exit 1; }
    sudo=(sudo)
  fi
  log=$(mktemp "${TMPDIR:-/tmp}/colonnade-install.XXXXXX")
  echo "installing $* ($why) with apt-get${sudo[*]:+ as root}"
  # RUNLEVEL=1 keeps packages from starting system-wide daemons where there is no systemd.
  if ! "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 sh -c \
    'apt-get -q update && apt-get -qy -o DPkg::Lock::Timeout=600 install --no-install-recommends "$@"' sh "$@" </dev/null >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    echo "apt-get could not install $*; all that it said is in $log" >&2
    exit 1
  fi
  rm -f "$log"
}
