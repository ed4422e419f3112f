"""`terrareg db`: brings the database's schema up to date, and tells where it stands."""

import argparse

from terrareg_http.bootstrap import SchemaStatus, database_status, upgrade_database
from terrareg_http.cli.outcome import EXIT_DONE, EXIT_FAILED
from terrareg_http.settings import Settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "action",
        choices=["upgrade", "status"],
        help="upgrade: bring the schema up to date; status: show it, and exit with 1 unless it is up to date",
    )
    parser.epilog = "The database is the one that DATABASE_URL names, else the embedded one in the data directory."


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; raises SettingsError, StoreUnavailable."""
    settings = Settings.of_this_process()
    status = upgrade_database(settings) if arguments.action == "upgrade" else database_status(settings)
    print(_sentence(status))
    return EXIT_DONE if status.is_up_to_date else EXIT_FAILED


def _sentence(status: SchemaStatus) -> str:
    if status.is_up_to_date:
        return f"The schema is up to date, at revision {status.head}."
    if status.current is None:
        return f"The database is empty; `terrareg db upgrade` makes the schema of revision {status.head}."
    if status.current > status.head:
        return (
            f"The schema is at revision {status.current}, ahead of {status.head}, which this version of terrareg knows;"
            " install the newer version."
        )
    return f"The schema is at revision {status.current}; `terrareg db upgrade` brings it to {status.head}."
