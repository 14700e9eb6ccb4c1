"""How a command that cannot do its work says so: one line on stderr, never a traceback."""

import sys
import traceback
from pathlib import Path

from cli.exits import ExitStatus, status_of_error
from ledger.errors import CrewdeskError


def say(sentence: str) -> None:
    """One line, whatever line breaks the sentence came with."""
    print(f"crewdesk: {' '.join(sentence.split())}", file=sys.stderr)


def report_error(error: CrewdeskError) -> ExitStatus:
    say(str(error))
    return status_of_error(error)


def report_unexpected(error: Exception) -> ExitStatus:
    """Keeps the traceback in a file for whoever will look into it, and gives the person its id."""
    from ledger.ids import new_id, short_id

    error_id = short_id(new_id())
    kept = _keep_traceback(error, error_id)
    where = f"its details are in {kept}" if kept else "its details could not be kept"
    say(f"Something went wrong that should not have (id {error_id}); {where}.")
    return ExitStatus.FAILED


def _keep_traceback(error: Exception, error_id: str) -> Path | None:
    from ledger.masking import mask_text
    from ledger.settings import ProcessSettings, load_settings

    try:
        folder = load_settings(ProcessSettings).var / "errors"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{error_id}.txt"
        path.write_text(mask_text("".join(traceback.format_exception(error))), encoding="utf-8")
    except (CrewdeskError, OSError):
        return None
    return path
