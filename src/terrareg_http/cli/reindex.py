"""`terrareg reindex`: reads the stored sources of versions again, in the configured database and data directory."""

import argparse
import sys
from collections import Counter
from contextlib import AbstractContextManager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from terrareg_core.access.identities import Identity
from terrareg_core.errors import RegistryError
from terrareg_core.identifiers import ModuleProviderId, RequestedModuleProvider
from terrareg_core.modules.reindexing import Reindexed, Reindexing, ReindexingResult, ReindexingRun
from terrareg_core.versions import Version
from terrareg_http.bootstrap import open_deployed, prepare
from terrareg_http.cli.outcome import EXIT_DONE, EXIT_FAILED
from terrareg_http.settings import Settings

_Chosen = tuple[RequestedModuleProvider, str | None]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="every version, not only those an older terrareg read")
    which.add_argument(
        "chosen",
        nargs="?",
        type=_chosen,
        metavar="NAMESPACE/NAME/PROVIDER[/VERSION]",
        help="one version, or all of one module provider",
    )
    parser.epilog = (
        "Run it where the registry runs, with the same settings; the registry may go on serving. What terraform "
        "downloads stays as it is, and a version that can't be read keeps what was read before. After an "
        "interruption, call it again to go on. A registry that starts brings outdated versions up to date by itself."
    )


def run(arguments: argparse.Namespace) -> int:
    """Index what was asked for; raises SettingsError, RegistryFailure, StoreUnavailable and NotFound."""
    with (
        open_deployed(prepare(Settings.of_this_process())) as registry,
        _asked_for(registry.reindexing, arguments) as versions,
    ):
        counts: Counter[ReindexingResult] = Counter()
        try:
            _work_off(versions, counts)
        except KeyboardInterrupt:
            print(_summary(counts))
            print(f"terrareg: interrupted after {counts.total()} of {len(versions)}; call it again", file=sys.stderr)
            return EXIT_FAILED
    print(_summary(counts))
    unfinished = counts[ReindexingResult.FAILED] + (counts[ReindexingResult.SKIPPED] if arguments.chosen else 0)
    return EXIT_FAILED if unfinished else EXIT_DONE


def _chosen(text: str) -> _Chosen:
    parts = text.split("/")
    try:
        requested = RequestedModuleProvider.of(ModuleProviderId.parse("/".join(parts[:3])))
        return requested, Version.parse("/".join(parts[3:])).text if len(parts) > 3 else None
    except RegistryError as error:
        raise argparse.ArgumentTypeError(error.message) from None


def _asked_for(reindexing: Reindexing, arguments: argparse.Namespace) -> AbstractContextManager[ReindexingRun]:
    # Whoever may read the database's settings rules over it anyway.
    identity = Identity.administrator()
    if arguments.chosen is not None:
        return reindexing.chosen(identity, *arguments.chosen)
    return reindexing.everything(identity) if arguments.all else reindexing.outdated(identity)


def _work_off(versions: ReindexingRun, counts: Counter[ReindexingResult]) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with Progress(
        TextColumn("Indexing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("", total=len(versions))
        for outcome in versions:
            counts[outcome.result] += 1
            progress.advance(task)
            if outcome.reason is not None:
                console.print(_complaint(outcome), markup=False)


def _complaint(outcome: Reindexed) -> str:
    return f"{outcome.address} {outcome.version} {outcome.result.value}: {outcome.reason}"


def _summary(counts: Counter[ReindexingResult]) -> str:
    if not counts:
        return "There is nothing to index again."
    done = counts[ReindexingResult.DONE]
    others = [
        f"{counts[result]} {result.value}"
        for result in (ReindexingResult.SKIPPED, ReindexingResult.FAILED, ReindexingResult.CURRENT)
        if counts[result]
    ]
    return f"Indexed {done} version{'' if done == 1 else 's'} again{''.join(f', {other}' for other in others)}."
