#!/usr/bin/env bash
# Instructions that each stage takes for a frame or a message, counted by callgrind: the same on every
# machine of one architecture, however busy. Says which stage moved by more than 5% against
# instructions.tsv, and fails if one did.
#
#   benches/instructions.sh            measure and compare
#   benches/instructions.sh --keep     measure and write instructions.tsv
set -euo pipefail
cd "$(dirname "$0")/.."

# Builds in a fraction of the release's time; figures of different settings do not compare.
export CARGO_PROFILE_BENCH_LTO=thin CARGO_PROFILE_BENCH_CODEGEN_UNITS=4
messages=10000
kept=benches/instructions.tsv
command -v valgrind > /dev/null || { echo 'valgrind is not installed' >&2; exit 2; }

stages=$(cargo bench --locked --bench stages --no-run 2>&1 | sed -n 's/.*Executable.*(\(.*\))/\1/p')
[ -n "$stages" ] || { cargo bench --locked --bench stages --no-run; exit 2; }

# Instructions of so many rounds of a stage, with all that comes before the first.
count() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null \
    "$stages" --messages "$messages" --only "$1" --rounds "$2" 2>&1 > /dev/null |
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

measured=$(
  "$stages" --messages "$messages" --list | while IFS=$'\t' read -r stage items unit; do
    # The second round less the first: what is done once is in both.
    one=$(count "$stage" 1) two=$(count "$stage" 2)
    printf '%s\t%s\t%s\n' "$stage" "$(((two - one + items / 2) / items))" "${unit%s}"
  done
)

if [ "${1:-}" = --keep ]; then
  printf 'stage\tinstructions\ta\n%s\n' "$measured" > "$kept"
  cat "$kept"
  exit
fi
awk -F'\t' '
  NR == FNR { if (FNR > 1) before[$1] = $2; next }
  {
    change = $1 in before ? ($2 / before[$1] - 1) * 100 : 0
    word = !($1 in before) ? "new" : change > 5 || change < -5 ? "moved" : ""
    moved = moved || word != ""
    printf "%-28s %8d a %-8s %8s %+7.1f%%  %s\n", $1, $2, $3, before[$1], change, word
    delete before[$1]
  }
  END { for (stage in before) { print stage ": gone"; moved = 1 } exit moved }
' "$kept" - <<< "$measured"
