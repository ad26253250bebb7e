"""Name skipped tests whose reason no pattern allows: python -m tests.support.skips XML REGEX…"""

import re
import sys
from xml.etree import ElementTree


def unexpected(junit_xml: str, allowed: list[str]) -> list[str]:
    """Return "test: reason" for each skipped test whose reason no pattern matches in full."""
    found = []
    for case in ElementTree.parse(junit_xml).iter("testcase"):
        for skipped in case.iter("skipped"):
            reason = skipped.get("message", "")
            if not any(re.fullmatch(pattern, reason) for pattern in allowed):
                found.append(f"{case.get('classname')}.{case.get('name')}: {reason}")
    return found


if __name__ == "__main__":
    surprises = unexpected(sys.argv[1], sys.argv[2:])
    for line in surprises:
        print(f"not an allowed skip: {line}")
    sys.exit(bool(surprises))
