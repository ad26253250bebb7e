"""A line of the log in a few words, for formats that hold notes beside signals."""


def told(line: dict) -> str:
    """A line in a few words; nothing for one that no annotation is made of."""
    by_host = " (host)" if line.get("by") == "host" else ""
    kind = line.get("type")
    if kind in ("event", "group"):
        peak_mg = line.get("peak_mg")
        peak = "" if peak_mg is None else f", {peak_mg} mg"
        said = f"{line.get('kind')}{peak}{by_host}"
    elif kind == "gap":
        said = f"gap: {line.get('reason')}"
    elif kind == "state":
        why = f": {line['reason']}" if "reason" in line else ""
        said = f"{line.get('state')}{why}{by_host}"
    elif kind == "mark":
        said = f"mark: {line.get('text')}"
    elif kind == "note":
        said = f"note: {'; '.join(filter(None, [', '.join(line['tags']), line['text']]))}"
    else:
        return ""
    return "".join(c if c.isprintable() else " " for c in said)
