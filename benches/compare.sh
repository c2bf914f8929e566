#!/usr/bin/env bash
# sipstat beside what people use today, on three generated captures, in the same run: CPU seconds, wall
# seconds, peak memory, and CPU and peak as ratios to sipstat by one thread. Then what several threads
# bring. Tools that are not installed are left out, and said so.
#
#   benches/compare.sh [FOLDER]     captures go to FOLDER (target/compare), some 800 MB
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-target/compare}
sipstat=${SIPSTAT:-target/release/sipstat}
mkdir -p "$folder"
command -v /usr/bin/time > /dev/null || { echo 'GNU time is not installed' >&2; exit 2; }

[ -n "${SIPSTAT:-}" ] || cargo build --release --locked --quiet
for kind in sip mixed rtp; do
  [ -s "$folder/$kind.pcap" ] ||
    cargo bench --locked --quiet --bench whole -- --write "$kind" "$(realpath "$folder")/$kind.pcap"
done

# Prints "CPU seconds, wall seconds, peak KiB, exit status" of a command; the best of so many runs by CPU
# seconds. Killed after two minutes (status 124).
measure() {
  local runs=$1 best='' user system wall rss status
  shift
  for _ in $(seq "$runs"); do
    status=0
    /usr/bin/time -q -o "$folder/time" -f '%U %S %e %M' timeout 120 "$@" < /dev/null > /dev/null 2>&1 || status=$?
    read -r user system wall rss < "$folder/time"
    best=$(printf '%s\n' "$best" "$(awk -v u="$user" -v s="$system" -v w="$wall" -v r="$rss" -v x="$status" \
      'BEGIN { printf "%.2f %s %s %s", u + s, w, r, x }')" | sed '/^$/d' | sort -n | head -1)
  done
  printf '%s\n' "$best"
}

compare() {
  local capture=$1 base_cpu='' base_rss='' bytes cpu wall rss status
  bytes=$(stat -Lc %s "$capture")
  printf '\n%s: %s MB\n' "$(basename "$capture")" "$((bytes / 1000000))"
  printf '%-24s %8s %8s %9s %8s %8s %8s %6s\n' command 'CPU s' 'wall s' 'MB/CPU s' 'peak MiB' 'CPU x' 'peak x' status
  row() {
    local name=$1 runs=$2
    shift 2
    if ! command -v "$1" > /dev/null; then
      printf '%-24s not installed\n' "$name"
      return
    fi
    read -r cpu wall rss status < <(measure "$runs" "$@")
    base_cpu=${base_cpu:-$cpu}
    base_rss=${base_rss:-$rss}
    awk -v n="$name" -v c="$cpu" -v w="$wall" -v r="$rss" -v bc="$base_cpu" -v br="$base_rss" -v s="$status" \
      -v b="$bytes" 'BEGIN { c += (c == 0) / 200
        printf "%-24s %8.2f %8.2f %9.0f %8.1f %8.1f %8.1f %6s\n", n, c, w, b / c / 1e6, r / 1024, c / bc, r / br, s }'
  }
  cat "$capture" > /dev/null # so that all of them read from memory
  row 'sipstat -j 1' 5 "$sipstat" -j 1 -f json "$capture"
  row sipstat 5 "$sipstat" -f json "$capture"
  row cat 5 cat "$capture"
  row 'tshark -q -z sip,stat' 1 tshark -q -z sip,stat -r "$capture"
  row 'sngrep -N -q' 1 sngrep -N -q -I "$capture"
  row 'sipgrep -G -C' 1 sipgrep -G -C -I "$capture"
  threads "$capture"
}

# On a busy machine wall seconds say nothing of threads. What each of them has to do says how fast they
# can be: as the busiest of them, or as all of them on the processors there are.
threads() {
  python3 - "$sipstat" "$1" <<'PYTHON'
import glob, os, subprocess, sys, time

def seconds(threads):
    command = [sys.argv[1], "-j", str(threads), "-f", "json", sys.argv[2]]
    process, last = subprocess.Popen(command, stdout=subprocess.DEVNULL), {}
    while process.poll() is None:
        for task in glob.glob(f"/proc/{process.pid}/task/*/schedstat"):
            try:
                last[task] = int(open(task).read().split()[0]) / 1e9
            except (OSError, IndexError):
                pass
        time.sleep(0.002)
    return sorted(last.values(), reverse=True)

processors = os.cpu_count()
one = min((seconds(1) for _ in range(5)), key=sum)
all = min((seconds(processors) for _ in range(5)), key=sum)
bound = max(max(all), sum(all) / processors)
print(f"threads: one {sum(one):.2f} CPU s; {processors} and the reader", " + ".join(f"{s:.2f}" for s in all),
      f"CPU s: at best {sum(one) / bound:.1f} times as fast on {processors} processors")
PYTHON
}

for kind in sip mixed rtp; do
  compare "$folder/$kind.pcap"
done
