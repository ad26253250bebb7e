"""Why no frames come, in the firmware's words, and what to do about it."""

from collections.abc import Mapping

from cribtrace.findings import Finding

_POWER = "take the power off the sensor for a second"
_TODO = {
    "no_sensor": "check power, SDA, SCL and the address; `cribtrace tail` shows what answers",
    "bus_error": "shorten the lead, or check its four wires and the pull-ups",
    "sensor_silent": f"{_POWER}, then replace it",
    "sensor_stuck": f"{_POWER}; if its value stands again, replace it",
    "starting": "it has just started: run this again",
}


def no_frames(info: Mapping[str, object]) -> Finding:
    """The finding of a board whose `info` says that it does not sample.

    `why` there is the driver's own reason, with _ for spaces; it may say what to do, too.
    """
    fault, why = str(info.get("fault")), str(info.get("why", "")).replace("_", " ")
    if info.get("state") == "stopped":
        return Finding("sensor", False, "the recording was ended: restart the board")
    todo = _TODO.get(fault, "restart the board")
    if "re-marked" in why:
        said = f"{why}; get a chip from another source"
    elif ": " in why:
        said = why
    else:
        said = f"{why}; {todo}" if why else todo
    return Finding("sensor", False, f"no frames come ({fault}): {said}", {"fault": fault})
