"""What every HTML page here begins with, and where the files lie that pages are made of."""

import base64
import hashlib
from importlib.resources import files

_HEAD = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>"""


def asset(package: str, name: str) -> str:
    """The text of a file that the pages of `report` or `trend` are made of."""
    return (files("cribtrace") / package / "assets" / name).read_text(encoding="utf-8")


def head(title: str, style: str, script: str = "") -> str:
    """A page until its body: `title` is HTML; this style and this script run, and no other."""
    return _HEAD.format(policy=_policy(style, script), title=title, style=style)


def _policy(style: str, script: str) -> str:
    """Content Security Policy: this style and this script run, and nothing is fetched."""
    runs = f"script-src {_hash(script)}; " if script else ""
    return (
        f"default-src 'none'; style-src {_hash(style)}; {runs}base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
