#!/usr/bin/env bash
# sipstat beside what people use today, on two generated captures, in the same run: CPU seconds, peak
# memory, and both as ratios to sipstat. Tools that are not installed are left out, and said so.
#
#   benches/compare.sh [FOLDER]     captures go to FOLDER (target/compare), some 430 MB
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-target/compare}
mkdir -p "$folder"

cargo build --release --locked --quiet
for kind in sip rtp; do
  [ -s "$folder/$kind.pcap" ] ||
    cargo bench --locked --quiet --bench whole -- --write "$kind" "$(realpath "$folder")/$kind.pcap"
done

# Prints "CPU seconds, wall seconds, peak KiB, exit status" of a command, that is killed after two
# minutes ("killed").
measure() {
  python3 - "$@" <<'PYTHON'
import os, resource, subprocess, sys, time
start = time.time()
try:
    status = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, timeout=120).returncode
except subprocess.TimeoutExpired:
    status = "killed"
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{used.ru_utime + used.ru_stime:.2f} {time.time() - start:.2f} {used.ru_maxrss} {status}")
PYTHON
}

compare() {
  local capture=$1 base_cpu='' base_rss='' cpu wall rss status
  printf '\n%s: %s\n' "$(basename "$capture")" "$(du -h --apparent-size "$capture" | cut -f1)"
  printf '%-28s %8s %8s %10s %8s %8s %6s\n' command 'CPU s' 'wall s' 'peak MiB' 'CPU x' 'peak x' status
  row() {
    local name=$1
    shift
    if ! command -v "$1" > /dev/null; then
      printf '%-28s not installed\n' "$name"
      return
    fi
    read -r cpu wall rss status < <(measure "$@")
    base_cpu=${base_cpu:-$cpu}
    base_rss=${base_rss:-$rss}
    awk -v n="$name" -v c="$cpu" -v w="$wall" -v r="$rss" -v bc="$base_cpu" -v br="$base_rss" -v s="$status" \
      'BEGIN { printf "%-28s %8.2f %8.2f %10.1f %8.1f %8.1f %6s\n", n, c, w, r / 1024, c / bc, r / br, s }'
  }
  cat "$capture" > /dev/null # so that all of them read from memory
  row sipstat target/release/sipstat -f json "$capture"
  row cat cat "$capture"
  row 'tshark -q -z sip,stat' tshark -q -z sip,stat -r "$capture"
  row 'sngrep -N -q' sngrep -N -q -I "$capture"
  row 'sipgrep -G -C' sipgrep -G -C -I "$capture"
}

compare "$folder/sip.pcap"
compare "$folder/rtp.pcap"
