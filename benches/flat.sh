#!/usr/bin/env bash
# Whether a message costs the same in a short capture and in a long one: CPU seconds a million messages
# and peak memory, of captures that are generated into a pipe.
#
#   benches/flat.sh [MESSAGES ...]     100000 1000000 10000000 (4 GB; minutes)
set -euo pipefail
cd "$(dirname "$0")/.."

sipstat=${SIPSTAT:-target/release/sipstat}
[ -n "${SIPSTAT:-}" ] || cargo build --release --locked --quiet
whole=$(cargo bench --locked --bench whole --no-run 2>&1 | sed -n 's/.*Executable.*(\(.*\))/\1/p')
result=$(mktemp)
trap 'rm -f "$result"' EXIT
printf '%12s %10s %8s %16s %10s\n' messages MB 'CPU s' 'CPU s a million' 'peak MiB'
for messages in "${@:-100000 1000000 10000000}"; do
  for n in $messages; do
    bytes=$("$whole" --write sip - --messages "$n" 2> /dev/null | tee >(wc -c > "$result.bytes") |
      /usr/bin/time -q -o "$result" -f '%U %S %M' "$sipstat" -j 1 -f json - > /dev/null; cat "$result.bytes")
    read -r user system rss < "$result"
    rm -f "$result.bytes"
    awk -v n="$n" -v b="$bytes" -v u="$user" -v s="$system" -v r="$rss" \
      'BEGIN { printf "%12d %10.0f %8.2f %16.2f %10.1f\n", n, b / 1e6, u + s, (u + s) / n * 1e6, r / 1024 }'
  done
done
