"""What the log says about any second of a night: its event, or how near it came to one."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from cribtrace import criteria, logfile
from cribtrace.analysis import Night
from cribtrace.device import config
from cribtrace.errors import Usage
from cribtrace.facts import RULES
from cribtrace.in_order import end_s
from cribtrace.report_patterns import STATES, context_sentence
from cribtrace.tally import utc_of
from cribtrace.wording import KINDS, against, explain, fixed, length, reason, since_start

NEAR_S = 2.0  # chosen: as far as a movement's window, hold and 30 % reach beyond its duration

_INHERITED = "Its kind is that of the movement it is the rest of."
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?")


def newest_log(folder: Path) -> Path:
    """The log in `folder` that was pulled last, as `pull` names it. Raises Usage for none."""
    found = [
        (max(path.stat().st_mtime for path in paths), log)
        for log in folder.glob("cribtrace-*")
        if (paths := list(log.glob("*" + logfile.SUFFIX)))
    ]
    if not found:
        raise Usage(f"no pulled log in {folder}: name one, or run `cribtrace pull` first")
    return max(found)[1]


def moment_s(night: Night, when: str) -> float:
    """Seconds since the start of the night that `when` means.

    `when` is seconds, or h:mm or h:mm:ss: a local clock time where the log has an anchor, else
    time since the start. Raises Usage for anything else, and for what lies outside the night.
    """
    ends_s = _ends_s(night)
    clock = _CLOCK.fullmatch(when)
    if clock is None:
        try:
            found = float(when)
        except ValueError:
            found = -1.0
        if not found >= 0:
            raise Usage(f"{when!r} is no moment: write 03:12, 03:12:30, or seconds such as 1042.3")
        told = f"{since_start(ends_s)} long"
    else:
        past_s = int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3] or 0)
        found, told = past_s, f"{since_start(ends_s)} long"
        if anchored := _anchored(night):
            found, told = _by_clock(anchored, past_s, ends_s)
    if found >= ends_s:
        raise Usage(f"{when} is not in this recording, which is {told}")
    return found


def _ends_s(night: Night) -> float:
    lines = (*night.epochs, *night.gaps, *night.states)
    known = [end_s(line) for line in lines if line["duration_s"] is not None]
    return max([*known, (night.summary.get("hours") or 0.0) * 3600])


def _anchored(night: Night) -> list[tuple[float, datetime]]:
    """(seconds since the start, clock time) of every line that has both, in their order."""
    lines = (*night.epochs, *night.events, *night.states)
    pairs = [(line["onset_s"], utc) for line in lines if (utc := utc_of(line))]
    return sorted(pairs, key=lambda pair: pair[0])


def _by_clock(
    anchored: list[tuple[float, datetime]], past_s: float, ends_s: float
) -> tuple[float, str]:
    """The first moment from the start on that a local clock showed this, and from when to when."""
    start = anchored[0][1] - timedelta(seconds=anchored[0][0])
    last = anchored[-1][1] + timedelta(seconds=ends_s - anchored[-1][0])
    told = f"from {start.astimezone():%H:%M:%S} to {last.astimezone():%H:%M:%S}"
    local = start.astimezone()
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    wanted = (midnight + timedelta(seconds=past_s)).astimezone()
    # Up to a second early: the log's first frame is rarely at a whole one.
    if wanted < start - timedelta(seconds=1):
        wanted = (midnight + timedelta(days=1, seconds=past_s)).astimezone()
    before = [pair for pair in anchored if pair[1] <= wanted] or anchored[:1]
    onset_s, clock = before[-1]
    return max(0.0, onset_s + (wanted - clock).total_seconds()), told


def answer(night: Night, at_s: float) -> dict:
    """All that the log holds about the second at `at_s`, as a JSON line."""
    epoch = _covering(night.epochs, at_s)
    second = _second(night, epoch, at_s) if epoch else None
    from_s, until_s = (second["onset_s"], second["until_s"]) if second else (at_s, at_s)
    events = [event for event in night.events if _touches(event, from_s, until_s)]
    closest = epoch and epoch.get("closest")
    anchored = [pair for pair in _anchored(night) if pair[0] <= at_s]
    clock = anchored and anchored[-1][1] + timedelta(seconds=at_s - anchored[-1][0])
    return {
        "type": "why",
        "t_s": round(at_s, 3),
        "utc": f"{clock:%Y-%m-%dT%H:%M:%S}Z" if clock else None,
        "about": any("utc_about" in line for line in night.clocks),
        "second": second,
        "floor": _floor(night, epoch) if epoch else None,
        "events": [_explained(night, event) for event in events],
        "closest": {**closest, "threshold": epoch["threshold"]} if epoch and closest else None,
        "not_seen": _not_seen(night, from_s, until_s, seen=second is not None),
        "likely": _likely(night, at_s),
        "part_of": [line for line in night.patterns if _touches(line, from_s, until_s)],
        **_neighbours(night, from_s, until_s),
    }


def _covering(lines: list[dict], at_s: float) -> dict | None:
    return next((line for line in lines if line["onset_s"] <= at_s < end_s(line)), None)


def _touches(line: dict, from_s: float, until_s: float) -> bool:
    return line["onset_s"] < max(until_s, from_s + 0.001) and end_s(line) > from_s


def _second(night: Night, epoch: dict, at_s: float) -> dict | None:
    if not epoch["levels"]:
        return None
    second_s = _second_s(night)
    index = min(int((at_s - epoch["onset_s"]) / second_s), len(epoch["levels"]) - 1)
    begins_s = epoch["onset_s"] + index * second_s
    code, threshold = epoch["levels"][index], epoch["threshold"]
    times = criteria.deviation(code)
    strength = criteria.second_strength(code) if times is None else None
    margin = None
    if strength is not None and threshold is not None:
        margin = round(criteria.margin(strength, threshold), 2)
    return {
        "onset_s": round(begins_s, 3),
        "until_s": round(min(begins_s + second_s, end_s(epoch)), 3),
        "strength": None if strength is None else round(strength, 2),
        "deviation": None if times is None else round(times, 1),
        "threshold": threshold,
        "margin": margin,
        "reached": criteria.reached(code, threshold) if threshold is not None else None,
    }


def _second_s(night: Night) -> float:
    """How long a second of the track is: whole frames, as the board counts them."""
    rate_hz = night.header["rate_hz"]
    return config.frames(1000, round(rate_hz * 1000)) / rate_hz if rate_hz else 1.0


def _floor(night: Night, epoch: dict) -> dict:
    usual_mg = median(one["floor_mg"] for one in night.epochs)
    times = round(epoch["floor_mg"] / usual_mg, 2) if usual_mg else None
    return {"mg": epoch["floor_mg"], "times_the_nights": times}


def _explained(night: Night, event: dict) -> dict:
    """An event with the criteria it was held against before the one it met, and its moment."""
    index = next(i for i, one in enumerate(night.events) if one is event)
    reasons = event["why"]
    inherited = _inherited(night, index)
    known = reasons["rule"] in RULES and not inherited
    over = criteria.passed_over(RULES.index(reasons["rule"]), reasons["vetoes"]) if known else []
    return {
        **event,
        "inherited": inherited,
        "passed_over": [RULES[rule] for rule in over],
        "context": night.contexts.get(index),
    }


def _inherited(night: Night, index: int) -> bool:
    """Whether an event has its kind from the one before, which was cut where it began.

    One that met the same criterion by itself looks the same.
    """
    reasons = night.events[index]["why"]
    before = night.events[index - 1]["why"] if index else reasons
    return reasons["joined"] and (before["rule"] == reasons["rule"] or not before["cut"])


def _not_seen(night: Night, from_s: float, until_s: float, *, seen: bool) -> list[dict]:
    spans = [
        {"reason": line["reason"], "onset_s": line["onset_s"], "duration_s": line["duration_s"]}
        for line in (*night.gaps, *night.states)
        if line["duration_s"] is not None and _touches(line, from_s, until_s)
    ]
    if not seen and not spans:
        spans = [{"reason": "records_missing", "onset_s": from_s, "duration_s": None}]
    return spans


def _likely(night: Night, at_s: float) -> dict | None:
    line = _covering(night.likely, at_s)
    return line and {key: line[key] for key in ("state", "reason", "onset_s", "duration_s")}


def _neighbours(night: Night, from_s: float, until_s: float) -> dict:
    """The events nearest on either side: kind, and how many seconds away."""
    before = [event for event in night.events if end_s(event) <= from_s]
    after = [event for event in night.events if event["onset_s"] >= until_s]
    last = max(before, key=end_s, default=None)
    first = min(after, key=lambda event: event["onset_s"], default=None)
    return {
        "before": last and {"kind": last["kind"], "s": round(from_s - end_s(last), 1)},
        "after": first and {"kind": first["kind"], "s": round(first["onset_s"] - until_s, 1)},
    }


def sentences(said: dict) -> list[str]:
    """An `answer` for a person."""
    when = f"{since_start(said['t_s'], 1)} since the start"
    if said["utc"]:
        clock = datetime.fromisoformat(said["utc"].replace("Z", "+00:00")).astimezone()
        when += f", {'about ' if said['about'] else ''}{clock:%H:%M:%S %Z}"
    out = [f"{when}."]
    for event in said["events"]:
        out += _of_event(event)
    if not said["events"]:
        out += _without_event(said)
    out += [
        f"Part of a {line['kind'].replace('_', ' ')}: {line['count']} from"
        f" {since_start(line['onset_s'], 1)} on, {length(line['duration_s'])}."
        for line in said["part_of"]
    ]
    likely = said["likely"]
    if likely:
        out.append(f"State: {STATES[likely['state']]} ({likely['reason']}).")
    return out


def _of_event(event: dict) -> list[str]:
    known = KINDS.get(event["kind"])
    name = f"{known.one} ({known.meaning})" if known else event["kind"]
    passed = f"Held against before, and not met: {'; '.join(event['passed_over'])}."
    return [
        f"Event at {since_start(event['onset_s'], 1)}: {name}.",
        *explain(event),
        *([_INHERITED] if event["inherited"] else []),
        *([passed] if event["passed_over"] else []),
        *([told] if (told := context_sentence(event["context"])) else []),
    ]


def _without_event(said: dict) -> list[str]:
    out = ["No event."]
    for span in said["not_seen"]:
        words = reason(span["reason"])
        lasted = length(span["duration_s"]) if span["duration_s"] is not None else "unknown"
        out.append(
            f"Not covered: {span['reason']}{', ' + words if words else ''}; from"
            f" {since_start(span['onset_s'], 1)} on, length {lasted}."
        )
    second, closest, floor = said["second"], said["closest"], said["floor"]
    if second:
        out.append(_of_second(said, second))
    if closest:
        compared = against(closest) or f"strength {fixed(closest['strength'], 1)}"
        out.append(
            f"Closest miss of these 30 s, at {since_start(closest['t_s'], 1)}: {compared};"
            f" it {closest['missing']}{_lacking(closest)}."
        )
    if floor:
        times = floor["times_the_nights"]
        beside = f", {fixed(times, 2)} times the night’s median" if times is not None else ""
        out.append(f"The noise floor was {fixed(floor['mg'], 2)} mg{beside}.")
    for side, words in (("before", "ended {} s before"), ("after", "begins {} s after")):
        if near := said[side]:
            known = KINDS.get(near["kind"])
            out.append(
                f"The nearest {known.one if known else near['kind']} {words.format(near['s'])}."
            )
    return out


def _lacking(closest: dict) -> str:
    margin = closest["margin"] or 1.0
    return f"; {fixed(1 / margin, 2)} times as much would have been enough" if margin < 1 else ""


def _of_second(said: dict, second: dict) -> str:
    if second["deviation"] is not None:
        compared = f"one axis moved {fixed(second['deviation'], 0)} times its noise"
    elif compared := against(second):
        compared = f"it came to {compared}"
    else:
        compared = f"its strength was {fixed(second['strength'], 1)}; no threshold is known"
    text = f"In this second {compared}"
    if second["reached"] is False:
        return f"{text}: it stayed below."
    near = [one for one in (said["before"], said["after"]) if one and one["s"] <= NEAR_S]
    if near:
        return f"{text}: it belongs to the event beside it."
    return f"{text}, while nothing was reported." if said["not_seen"] else f"{text}."
