"""`crewdesk replay`: a run once more, from its record or with another model, and how the two differ."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from cli.shapes import ReplayReport
    from ledger.settings import EmbeddedSettings


def replay_command(
    run_id: Annotated[
        str, typer.Argument(metavar="RUN", help="A run's id, or at least its last four characters.")
    ],
    email: Annotated[
        str, typer.Option("--as", metavar="EMAIL", help="Who replays it; somebody who may see the run.")
    ],
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A candidate of CREWDESK_MODELS, or extractive-floor; without it, no model is called.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A ReplayReport as JSON.")] = False,
) -> int:
    """Go through a run again, from its record or with another model, and show what differs.

    The replay is a run of its own. Tools answer from the record; with another model, what it asks beyond the
    record is looked up, and nothing is ever changed.

    Exit status: 0 done, 1 a replay from the record came out otherwise.

    [bold]Examples[/bold]

    crewdesk replay 9f3c01ab --as employee@larkspur.example

    crewdesk replay 9f3c01ab --as employee@larkspur.example --model main
    """
    from cli.embedded import open_installation
    from cli.exits import ExitStatus
    from cli.screen import open_screen, print_json
    from cli.shapes import ReplayReport
    from cli.start import checked_email, read_settings
    from ledger.people import find_principal
    from ledger.reading import get_run_for
    from ledger.replays import submit_replay
    from ledger.run_diff import diff_of
    from ledger.settings import EmbeddedSettings
    from ledger.short_ids import resolve_run_id

    settings = read_settings(EmbeddedSettings)
    _check_model(settings, model)
    with open_installation(settings, "replay") as installation:
        db = installation.db
        actor = find_principal(db, checked_email(email))
        original_id = resolve_run_id(db, run_id)
        new_id = submit_replay(db, original_id, actor, model)
        installation.start_worker()
        installation.wait_for_run(new_id, lambda _progress: None)
        original, replay = get_run_for(db, original_id, actor), get_run_for(db, new_id, actor)
        diff = diff_of(db, original, replay)
    report = ReplayReport(original=original, replay=replay, diff=diff)
    if as_json:
        print_json(report)
    else:
        print_replay(open_screen(), report)
    if replay.outcome == "failed":
        return ExitStatus.FAILED
    faithful = diff.same and not diff.diverged
    return ExitStatus.DONE if model is not None or faithful else ExitStatus.CHECK_FAILED


def print_replay(screen: "Console", report: "ReplayReport") -> None:
    from rich.text import Text

    from cli.screen import printable
    from ledger.ids import short_id

    diff = report.diff
    ids = f"run {short_id(report.original.run_id)} -> replay {short_id(report.replay.run_id)}"
    screen.print(Text(f"{'The same answer' if diff.same else 'Another answer'}  ({ids})", style="bold"))
    for difference in diff.differences:
        screen.print(f"\n{difference.what}")
        screen.print(Text(f"  - {printable(difference.before)}", style="red"))
        screen.print(Text(f"  + {printable(difference.after)}", style="green"))
    if diff.lost_claims or diff.new_claims:
        screen.print("\nclaims")
    for claim in diff.lost_claims:
        screen.print(Text(f"  - {printable(claim)}", style="red"))
    for claim in diff.new_claims:
        screen.print(Text(f"  + {printable(claim)}", style="green"))
    for note in diff.diverged:
        screen.print(Text(f"\nNote: {printable(note)}", style="italic"))


def _check_model(settings: "EmbeddedSettings", model: str | None) -> None:
    """Raises InvalidInput before anything is touched."""
    from ledger.errors import InvalidInput
    from ledger.result import FLOOR_MODEL

    known = [*(candidate.name for candidate in settings.models), FLOOR_MODEL]
    if model is not None and model not in known:
        raise InvalidInput(f"CREWDESK_MODELS has no candidate '{model}'; there are: {', '.join(known)}.")
