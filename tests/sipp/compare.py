"""Holds sipstat's report against the statistics of the SIPp callers; ends with 1 if they differ."""

import csv
import glob
import json
import sys

work = sys.argv[1]
report = json.load(open(f"{work}/report.json", encoding="utf-8"))
# What becomes of the calls of each kind.
OUTCOME = {
    "answered": "answered",
    "authenticated": "answered",
    "busy": "busy",
    "cancelled": "cancelled",
    "unavailable": "no_answer",
    "overloaded": "server_failure",
    "mute": "timed_out",
}


def last_row(pattern):
    (path,) = glob.glob(pattern)
    rows = list(csv.reader(open(path, encoding="utf-8"), delimiter=";"))
    head = rows[0]
    return [(name, row) for name, row in zip(head, rows[-1])]


sent, again, received, attempts, outcomes, failed = {}, {}, {}, 0, {}, 0
for kind, outcome in OUTCOME.items():
    stat = dict(last_row(f"{work}/{kind}/stat.csv"))
    made = int(stat["OutgoingCall(C)"])
    good, bad = int(stat["SuccessfulCall(C)"]), int(stat["FailedCall(C)"])
    attempts += made
    expected = bad if kind == "mute" else good
    failed += made - expected
    outcomes[outcome] = outcomes.get(outcome, 0) + expected
    # Columns such as 0_INVITE_Sent, 0_INVITE_Retrans, 2_180_Recv.
    for name, value in last_row(f"{work}/{kind}/*_counts.csv"):
        parts = name.split("_")
        if len(parts) != 3 or not value:
            continue
        _, what, how = parts
        table = {"Sent": sent, "Retrans": again, "Recv": received}.get(how)
        if table is not None and not (how == "Retrans" and what.isdigit()):
            table[what] = table.get(what, 0) + int(value)


def cell(rows, **keys):
    found = [r for r in rows if all(str(r[k]) == v for k, v in keys.items())]
    return found[0] if found else {}


checks = [("attempts", attempts, report["invite"]["attempts"])]
for outcome, count in sorted(outcomes.items()):
    checks.append((f"outcome {outcome}", count, report["invite"]["outcomes"][outcome]["count"]))
for method, count in sorted(sent.items()):
    row = cell(report["requests"]["by_method"], method=method)
    checks.append((f"{method} requests", count, row.get("requests", 0)))
    checks.append((f"{method} retransmissions", again.get(method, 0), row.get("retransmissions", 0)))
for code, count in sorted(received.items()):
    row = cell(report["responses"]["by_code"], code=code)
    checks.append((f"{code} responses", count, row.get("responses", 0)))
answered = outcomes["answered"]
checks.append(("sessions completed", answered, report["invite"]["sessions"]["completed"]))
checks.append(("ASR numerator", answered, report["invite"]["rates"]["asr"]["numerator"]))
checks.append(("ASR denominator", attempts, report["invite"]["rates"]["asr"]["denominator"]))
checks.append(("bids", attempts, report["invite"]["bids"]))
checks.append(("hop copies", 0, report["responses"]["hop_copies"]))
checks.append(("capture duplicates", 0, report["responses"]["capture_duplicates"]))
wrong = 0
print(f"{'':32} {'SIPp':>8} {'sipstat':>8}")
for what, theirs, ours in checks:
    differs = theirs != ours
    wrong += differs
    print(f"{what:32} {theirs:>8} {ours:>8}{'  DIFFERENT' if differs else ''}")
if failed:
    print(f"{failed} calls did not go as their scenario has it")
print(f"{wrong} of {len(checks)} figures differ")
sys.exit(wrong != 0)
