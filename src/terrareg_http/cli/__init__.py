"""The `terrareg` command: its sub-commands, its exit codes, and how it reports what went wrong."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType

from terrareg_core.errors import RegistryError
from terrareg_http.cli.outcome import EXIT_FAILED, EXIT_USAGE, CommandFailed
from terrareg_http.settings import SettingsError

_COMMANDS: Mapping[str, str] = {
    "serve": "run the registry",
    "publish": "publish a directory as a module version",
    "import": "import module versions from git",
    "login": "keep a credential for a registry, for publish and import",
    "logout": "forget it again",
    "reindex": "read the stored sources of versions again, by default where an older terrareg read them",
    "db": "upgrade the database's schema, or show where it stands",
    "config": "show every setting with its value, secrets masked",
    "openapi": "print the OpenAPI document of the HTTP API",
    "version": "print the version",
}
"""Each is a module of this package with `configure(parser)` and `run(arguments) -> exit code`."""

_MODULES: Mapping[str, str] = {"import": "imports"}
"""Where a module can't be called as its command is."""

_EPILOG = """\
exit codes:
  0  done
  1  refused or failed; the reason is on standard error
  2  wrong usage, or a setting that can't be used

Settings are environment variables; `terrareg config` lists them.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name and return the process's exit code.

    Exits at once (SystemExit) after `--help` and for arguments that can't be parsed.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    parser = _parser(given)
    if not given:
        parser.print_help(sys.stderr)
        return EXIT_USAGE
    arguments = parser.parse_args(given)
    return _report(lambda: arguments.run(arguments))


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="terrareg",
        description="A private registry for Terraform and OpenTofu modules.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    for name, summary in _COMMANDS.items():
        command = commands.add_parser(
            name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False
        )
        if name in given[:1]:
            # Loading them all would make every call wait for what only one needs.
            module: ModuleType = import_module(f"terrareg_http.cli.{_MODULES.get(name, name)}")
            module.configure(command)
            command.set_defaults(run=module.run)
    return parser


def _report(run: Callable[[], int]) -> int:
    """What `run` returns; the failures that a person can mend become one line and an exit code."""
    try:
        code = run()
        sys.stdout.flush()
    except SettingsError as error:
        return _complain(error.message, EXIT_USAGE)
    except CommandFailed as error:
        return _complain(error.message, EXIT_FAILED)
    except RegistryError as error:
        return _complain(error.message, EXIT_FAILED)
    except BrokenPipeError:
        # Whoever read the output has seen enough; without this, Python complains once more while it ends.
        sys.stderr.close()
        return EXIT_FAILED
    except KeyboardInterrupt:
        return _complain("interrupted", EXIT_FAILED)
    return code


def _complain(message: str, code: int) -> int:
    print(f"terrareg: {message}", file=sys.stderr)
    return code
