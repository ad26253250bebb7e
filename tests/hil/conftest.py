"""`pytest tests/hil --port /dev/ttyUSB0`: the plugin's options by short names too, here alone."""

SHORT = {
    "--port": {"dest": "cribtrace_port"},
    "--target": {
        "dest": "cribtrace_target", "choices": ("cpython", "virtual"), "default": "virtual",
    },
}  # fmt: skip


def pytest_addoption(parser):
    group = parser.getgroup("cribtrace")
    groups = [parser._anonymous, *parser._groups]
    taken = {name for one in groups for option in one.options for name in option.names()}
    for name in SHORT.keys() - taken:  # else it is another plugin's: then only the long one
        group.addoption(name, help=f"--cribtrace-{name[2:]}", **SHORT[name])
