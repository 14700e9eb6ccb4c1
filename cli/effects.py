"""`crewdesk effects`: what tools may or may not have done, for a person to look at and settle."""

from typing import Annotated

import typer


def build_group() -> typer.Typer:
    group = typer.Typer(help="Effects in doubt: what a tool may or may not have done.", no_args_is_help=True)
    group.command("list")(list_command)
    group.command("settle")(settle_command)
    return group


def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="An EffectList as JSON.")] = False,
) -> None:
    """List effects nobody can tell of whether they were carried out.

    [bold]Examples[/bold]

    crewdesk effects list
    """
    from cli.screen import open_screen, print_json
    from cli.shapes import EffectLine, EffectList
    from cli.start import open_ledger, read_settings
    from ledger.effects import list_unknown_effects
    from ledger.ids import short_id
    from ledger.settings import EmbeddedSettings

    with open_ledger(read_settings(EmbeddedSettings)) as db:
        found = list_unknown_effects(db)
    lines = tuple(
        EffectLine(id=one.key, run_id=one.run_id, step=one.step_key, tool=one.tool, created_at=one.created_at)
        for one in found
    )
    if as_json:
        print_json(EffectList(effects=lines))
        return
    screen = open_screen()
    if not lines:
        screen.print("No effect is in doubt.")
    for line in lines:
        screen.print(
            f"{short_id(line.id)}  {line.tool}  run {short_id(line.run_id)}, step {line.step}  "
            f"{line.created_at:%Y-%m-%d %H:%M} UTC"
        )


def settle_command(
    effect_id: Annotated[str, typer.Argument(metavar="ID", help="As `crewdesk effects list` shows it.")],
    email: Annotated[str, typer.Option("--as", metavar="EMAIL", help="Who has looked; an administrator.")],
    done: Annotated[
        bool, typer.Option("--done/--not-done", help="Whether it was carried out.", show_default=False)
    ],
) -> None:
    """Say whether it was carried out, after looking at the other side.

    [bold]Examples[/bold]

    crewdesk effects settle 1a2b3c4d --done --as admin@larkspur.example
    """
    from cli.start import checked_email, open_ledger, read_settings
    from ledger.effects import settle_effect
    from ledger.people import find_principal
    from ledger.settings import EmbeddedSettings

    with open_ledger(read_settings(EmbeddedSettings)) as db:
        settle_effect(db, find_principal(db, checked_email(email)), effect_id.strip().lower(), done=done)
    print(f"Effect {effect_id} is settled: it was {'' if done else 'not '}carried out.")
