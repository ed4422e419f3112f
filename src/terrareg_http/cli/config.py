"""`terrareg config`: every setting with its value and documentation."""

import argparse
import shlex
from collections.abc import Sequence

from terrareg_http.cli.outcome import EXIT_DONE
from terrareg_http.settings import ClientSettings, Settings, Variable, variables


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--markdown", action="store_true", help="print the reference of all settings instead of their values"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the settings; raises SettingsError when one can't be used."""
    print(reference() if arguments.markdown else _values(Settings.of_this_process()))
    return EXIT_DONE


def _values(settings: Settings) -> str:
    return "\n\n".join(
        f"# {variable.documentation} ({_kind(variable)})\n{variable.name}={shlex.quote(settings.shown(variable))}"
        for variable in variables(Settings)
    )


def _kind(variable: Variable) -> str:
    return f"{variable.kind}; default: {variable.default}" if variable.default else variable.kind


def reference() -> str:
    """The documentation of every setting as Markdown."""
    return f"{_REFERENCE_HEAD}\n{_table(variables(Settings))}\n\n{_CLIENT_HEAD}\n{_table(variables(ClientSettings))}"


def _table(rows: Sequence[Variable]) -> str:
    lines = ["| variable | type | default | meaning |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{row.name}` | {_cell(row.kind)} | {_cell(row.default)} | {_cell(row.documentation)} |" for row in rows
    ]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_REFERENCE_HEAD = """\
# Settings

Settings are environment variables, read once at start. A value that can't be used stops the start with a sentence that
names the variable. Booleans are `true`, `yes`, `1` or `false`, `no`, `0` in any case; lists are separated by commas.
An empty value counts as unset, except where the table says otherwise and for lists.

`terrareg config` prints the values in effect, secrets masked; `terrareg config --markdown` prints this page.
"""

_CLIENT_HEAD = """\
## Of the command line

These are read by `terrareg publish`, not by the server.
"""
