"""What the log says about any second of a night: its event, or how near it came to one."""

from datetime import datetime, timedelta
from statistics import median

from cribtrace import criteria, log_records
from cribtrace.analysis import Night
from cribtrace.facts import RULES
from cribtrace.in_order import end_s
from cribtrace.moments import anchored, touches
from cribtrace.nights import bracket
from cribtrace.pattern_wording import STATES, context_sentence
from cribtrace.wording import KINDS, against, explain, fixed, length, reason, since_start

NEAR_S = 2.0  # chosen: as far as a movement's window, hold and 30 % reach beyond its duration

_INHERITED = "Its kind is that of the movement it is the rest of."


def answer(night: Night, at_s: float) -> dict:
    """All that the log holds about the second at `at_s`, as a JSON line."""
    epoch = _covering(night.epochs, at_s)
    second = _second(epoch, at_s) if epoch else None
    from_s, until_s = (second["onset_s"], second["until_s"]) if second else (at_s, at_s)
    events = [event for event in night.events if touches(event, from_s, until_s)]
    closest = epoch and epoch.get("closest")
    known = [pair for pair in anchored(night) if pair[0] <= at_s]
    clock = known and known[-1][1] + timedelta(seconds=at_s - known[-1][0])
    return {
        "type": "why",
        "t_s": round(at_s, 3),
        "utc": f"{clock:%Y-%m-%dT%H:%M:%S}Z" if clock else None,
        "clock": _clock(night, at_s) if clock else None,
        "second": second,
        "floor": _floor(night, epoch) if epoch else None,
        "events": [_explained(night, event) for event in events],
        "closest": {**closest, "threshold": epoch["threshold"]} if epoch and closest else None,
        "not_seen": _not_seen(night, from_s, until_s, seen=second is not None),
        "likely": _likely(night, at_s),
        "part_of": [line for line in night.patterns if touches(line, from_s, until_s)],
        **_neighbours(night, from_s, until_s),
    }


def _clock(night: Night, at_s: float) -> dict | None:
    """Whose clock told that moment's time; `about`: its neighbours' alone."""
    of_boot = next((line for line in night.clocks[::-1] if line["onset_s"] <= at_s), None)
    if of_boot is None:
        return None
    bounds = {key: of_boot[key] for key in ("source", "within_s", "earliest", "latest")}
    return {**bounds, "about": "utc_about" in of_boot}


def _covering(lines: list[dict], at_s: float) -> dict | None:
    return next((line for line in lines if line["onset_s"] <= at_s < end_s(line)), None)


def _second(epoch: dict, at_s: float) -> dict | None:
    if not epoch["levels"]:
        return None
    second_s = epoch["second_s"]
    index = min(int((at_s - epoch["onset_s"]) / second_s), len(epoch["levels"]) - 1)
    begins_s = epoch["onset_s"] + index * second_s
    code, threshold = epoch["levels"][index], epoch["threshold"]
    times = criteria.deviation(code)
    strength = criteria.second_strength(code) if times is None else None
    margin = None
    if strength is not None and threshold is not None:
        margin = criteria.margin(strength, threshold)
    return {
        "onset_s": round(begins_s, 3),
        "until_s": round(min(begins_s + second_s, end_s(epoch)), 3),
        "strength": None if strength is None else round(strength, 2),
        "deviation": None if times is None else round(times, 1),
        "threshold": threshold,
        "margin": margin,
        "reached": criteria.reached(code, threshold) if threshold is not None else None,
    }


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
        if line["duration_s"] is not None and touches(line, from_s, until_s)
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
        by = said["clock"] or {}
        when += f", {'about ' if by.get('about') else ''}{clock:%H:%M:%S %Z}"
        if by.get("about") or by.get("source") == "person":
            when += f" ({bracket(by, None)})"
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
        words, named = reason(span["reason"]), span["reason"].replace("_", " ")
        lasted = length(span["duration_s"]) if span["duration_s"] is not None else "unknown"
        out.append(
            f"Not covered: {named}{', ' + words if words else ''}; from"
            f" {since_start(span['onset_s'], 1)} on, length {lasted}."
        )
    second, closest, floor = said["second"], said["closest"], said["floor"]
    if second:
        out.append(_of_second(said, second))
    if closest and closest["strength"]:
        compared = against(closest) or f"strength {fixed(closest['strength'], 2)}"
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
    strength, threshold = closest["strength"], closest["threshold"]
    if threshold is None or strength >= threshold:
        return ""
    return f"; {fixed(threshold / strength, 2)} times as much would have been enough"


def _of_second(said: dict, second: dict) -> str:
    if any(span["reason"] in log_records.STATE_REASONS for span in said["not_seen"]):
        return "In this second nothing could be an event."
    if second["deviation"] is not None:
        compared = f"one axis moved {fixed(second['deviation'], 0)} times its noise"
    elif compared := against(second):
        compared = f"it came to {compared}"
    else:
        compared = f"its strength was {fixed(second['strength'], 2)}; no threshold is known"
    text = f"In this second {compared}"
    if second["reached"] is False:
        return f"{text}: it stayed below."
    near = [one for one in (said["before"], said["after"]) if one and one["s"] <= NEAR_S]
    if near:
        return f"{text}: it belongs to the event beside it."
    return f"{text}, while nothing was reported." if said["not_seen"] else f"{text}."
