#!/usr/bin/env python3
"""Merges notes of an incident into one timeline in UTC, as a Markdown table.

Usage: timeline.py [--gap MINUTES] [--zone +HH:MM] FILE...

A line that begins with a time is an event: 2026-03-01T14:05Z, 2026-03-01 14:05:30+01:00, optionally in brackets or after
"- ". A line without a time belongs to the event before it. A time without a zone is an error: pass --zone +01:00 for them.
"""
import argparse
import re
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

EVENT = re.compile(
    r"^\s*(?:[-*]\s+)?\[?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:[.,]\d+)?\s*(Z|UTC|[+-]\d\d:?\d\d)?\]?[\s:|-]*(.*)$"
)


def offset(text):
    if text in ("Z", "UTC"):
        return timezone.utc
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 14 or minutes > 59:
        raise ValueError(f"{text} is not a time zone such as +01:00")
    return timezone((1 if text[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))


def events(path, zone):
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        match = EVENT.match(line)
        if match:
            day, minute, second, own_zone, text = match.groups()
            own_zone = own_zone or zone
            if not own_zone:
                raise ValueError(f"{path}:{number}: the time has no zone; pass --zone, such as --zone +01:00")
            try:
                time = datetime.fromisoformat(f"{day}T{minute}{second or ':00'}").replace(tzinfo=offset(own_zone))
                found.append([time.astimezone(timezone.utc), path.name, text.strip()])
            except (ValueError, OverflowError) as e:
                raise ValueError(f"{path}:{number}: {e}") from None
        elif line.strip() and found:
            found[-1][2] = f"{found[-1][2]} {line.strip()}".strip()
    return found


def table(found, gap):
    lines = ["| Time (UTC) | Event | Source |", "|---|---|---|"]
    before = None
    # The sort is stable: events of one time stay in the order of the files.
    for time, source, text in sorted(found, key=lambda event: event[0]):
        if before and time - before > gap:
            lines.append(f"| | *nothing recorded for {int((time - before).total_seconds()) // 60} minutes* | |")
        cell = text.replace("\\", "\\\\").replace("|", "\\|")
        lines.append(f"| {time:%Y-%m-%d %H:%M:%S} | {cell} | {source} |")
        before = time
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description="Merges notes of an incident into one timeline in UTC.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--gap", type=int, default=15, metavar="MINUTES", help="mark longer gaps (default 15)")
    parser.add_argument("--zone", metavar="+HH:MM", help="the zone of times without one")
    arguments = parser.parse_args()
    if arguments.zone and not re.fullmatch(r"Z|UTC|[+-]\d\d:?\d\d", arguments.zone):
        parser.error(f"--zone {arguments.zone}: expected a zone such as +01:00 or Z")
    try:
        found = [event for path in arguments.files for event in events(path, arguments.zone)]
    except (OSError, ValueError) as e:
        sys.exit(f"timeline.py: {e}")
    if not found:
        sys.exit("timeline.py: no line begins with a time such as 2026-03-01T14:05Z")
    print(table(found, timedelta(minutes=arguments.gap)))


if __name__ == "__main__":
    main()
