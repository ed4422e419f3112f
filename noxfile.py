"""The checks of the project as nox sessions; `make lint`, `make unit`, `make integration` and `make test` run them."""

import os
from pathlib import Path

import nox

# The Makefile has installed everything into one environment; another one per session would only take time.
nox.options.default_venv_backend = "none"
nox.options.sessions = ["tests"]

_BIN = Path(__file__).parent / ".venv" / "bin"
_PROCESSES = 2
_CORE_COVERAGE = 95
"""Percent of the core's lines and branches that the tests must reach."""


def _run(session: nox.Session, tool: str, *arguments: str) -> None:
    session.run(str(_BIN / tool), *arguments, external=True)


def _lint(session: nox.Session) -> None:
    _run(session, "ruff", "check")
    _run(session, "ruff", "format", "--check")
    _run(session, "mypy")
    _run(session, "lint-imports")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting, types and the direction of imports."""
    _lint(session)


@nox.session
def unit(session: nox.Session) -> None:
    """Run the tests of the pure core; further arguments go to pytest."""
    _run(session, "pytest", *(session.posargs or ["tests/unit"]))


@nox.session
def integration(session: nox.Session) -> None:
    """Run the tests of adapters, HTTP API and command; further arguments go to pytest."""
    _run(session, "pytest", *(session.posargs or ["tests/integration"]))


@nox.session
def fuzz(session: nox.Session) -> None:
    """Feed indexing what nobody thought of, for `FUZZ_SECONDS` (120); further arguments go to pytest."""
    session.env["FUZZ_SECONDS"] = os.environ.get("FUZZ_SECONDS", "120")
    _run(session, "pytest", *(session.posargs or ["tests/fuzz"]))


@nox.session
def tests(session: nox.Session) -> None:
    """Run every check and every test, and fail when they leave too much of the core untouched."""
    _lint(session)
    _run(
        session,
        "pytest",
        # Much of the time is spent waiting for servers, databases and clients; a file's tests stay together.
        f"--numprocesses={_PROCESSES}",
        "--dist=loadfile",
        "--cov=terrareg_core",
        "--cov-branch",
        "--cov-report=term-missing:skip-covered",
        f"--cov-fail-under={_CORE_COVERAGE}",
        *session.posargs,
    )
