"""The terminal's front door: `crewdesk`.

Heavy things are imported inside the commands that need them, so that `crewdesk --help` answers at once.
"""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from cli import (
    ask,
    audit,
    catalog,
    catalog_check,
    catalog_lineage,
    conversation,
    crews,
    decisions,
    doctor,
    effects,
    escalations,
    incidents,
    ingest,
    keys,
    knowledge,
    knowledge_change,
    metrics,
    new_workspace,
    replay,
    report,
    runs,
    search,
    spending,
    sql,
    tickets,
    trace,
)
from cli.exits import ExitStatus
from cli.failures import report_error, report_unexpected, say
from ledger.errors import CrewdeskError

ABOUT = """\
Ask your company's AI crew; every answer shows its sources.

[bold]A first round[/bold]

crewdesk init my-company    [dim]a workspace of your own[/dim]

export CREWDESK_WORKSPACE=my-company CREWDESK_VAR=my-company-var

crewdesk ingest    [dim]read its documents[/dim]

crewdesk ask "Who sees a document?" --as you@company.example

CREWDESK_WORKSPACE and CREWDESK_VAR choose the folders; `crewdesk doctor` says what is missing.
"""
EXIT_STATUSES = (
    "Exit status: 0 done, 1 a check failed, 2 wrong usage, 3 the crew abstained, 4 not permitted, 5 failed, "
    "6 waiting."
)


def main() -> None:
    """The entry point of the `crewdesk` command."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> ExitStatus:
    """Runs one command. Whatever goes wrong inside becomes one line on stderr and an exit status."""
    command = typer.main.get_command(build_app())
    try:
        status = command.main(args=list(arguments), prog_name="crewdesk", standalone_mode=False)
        sys.stdout.flush()
    except CrewdeskError as error:
        return report_error(error)
    except typer.TyperException as error:
        return _report_usage(error)
    except (KeyboardInterrupt, typer.Abort):
        return ExitStatus.INTERRUPTED
    except Exception as error:  # noqa: BLE001  the last resort: a person gets a line, the file the traceback
        return report_unexpected(error)
    return ExitStatus(status or ExitStatus.DONE)


def build_app() -> typer.Typer:
    app = typer.Typer(
        help=ABOUT,
        epilog=EXIT_STATUSES,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    app.command("init")(new_workspace.init_command)
    app.command("ingest")(ingest.ingest_command)
    app.command("search")(search.search_command)
    app.command("sql")(sql.sql_command)
    app.command("ask")(ask.ask_command)
    app.command("report")(report.report_command)
    app.command("runs")(runs.list_runs_command)
    run_group = typer.Typer(help="Look at one run.", no_args_is_help=True)
    run_group.command("show")(runs.show_run_command)
    run_group.command("files")(report.run_files_command)
    run_group.command("watch")(runs.watch_run_command)
    app.add_typer(run_group, name="run")
    app.add_typer(decisions.build_group(), name="decisions")
    app.add_typer(conversation.build_group(), name="conversation")
    app.add_typer(tickets.build_group(), name="tickets")
    app.add_typer(escalations.build_group(), name="escalations")
    app.add_typer(incidents.build_group(), name="incidents")
    app.command("cancel")(runs.cancel_command)
    app.add_typer(crews.build_group(), name="crews")
    app.add_typer(effects.build_group(), name="effects")
    app.command("trace")(trace.trace_command)
    app.command("replay")(replay.replay_command)
    app.command("spending")(spending.spending_command)
    audit_group = typer.Typer(
        help="The record of who asked, approved and changed what.", no_args_is_help=True
    )
    audit_group.command("verify")(audit.verify_command)
    app.add_typer(audit_group, name="audit")
    keys_group = typer.Typer(help="API keys for the HTTP front door.", no_args_is_help=True)
    keys_group.command("create")(keys.create_command)
    keys_group.command("revoke")(keys.revoke_command)
    app.add_typer(keys_group, name="keys")
    knowledge_group = knowledge.build_group()
    knowledge_group.command("release")(knowledge_change.release_command)
    knowledge_group.command("reindex")(knowledge_change.reindex_command)
    knowledge_group.command("snapshot")(knowledge_change.snapshot_command)
    knowledge_group.command("restore")(knowledge_change.restore_command)
    app.add_typer(knowledge_group, name="knowledge")
    catalog_group = catalog.build_group()
    catalog_check.register(catalog_group)
    catalog_lineage.register(catalog_group)
    app.add_typer(catalog_group, name="catalog")
    app.add_typer(metrics.build_group(), name="metrics")
    app.command("serve")(_serve)
    app.command("doctor")(doctor.doctor_command)
    return app


def _root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=lambda asked: _print_version(asked=asked))
    ] = False,
) -> None:
    del version  # printed by its callback, before any command


def _print_version(*, asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"crewdesk {version('crewdesk')}")
        raise typer.Exit


def _serve() -> None:
    """Run everything in one process: the API, the crews, and Slack if its tokens are set.

    [bold]Examples[/bold]

    crewdesk serve

    CREWDESK_API_PORT=9000 crewdesk serve
    """
    from cli.serve import serve
    from ledger.log import configure_logging
    from ledger.settings import EmbeddedSettings, load_settings

    settings = load_settings(EmbeddedSettings)
    configure_logging(settings.log_level, settings.log_format)
    serve(settings, lambda line: print(line, flush=True))


def _report_usage(error: typer.TyperException) -> ExitStatus:
    context = getattr(error, "ctx", None)
    hint = f" See `{context.command_path} --help`." if context else ""
    message = error.format_message()
    if message:  # without one it was a group without a command, whose help has been shown
        say(f"{message if message.endswith(('.', '?')) else message + '.'}{hint}")
    return ExitStatus.USAGE
