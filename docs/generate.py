"""`python -m docs.generate [--check]`: writes `.env.example`, the generated tables of `docs/reference.md` and
`docs/failure-modes.md`.

With `--check` it writes nothing, names each file that is out of date, and ends with 1 if there is one.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from docs.code_tables import commands_table, endpoints_table, exits_table
from docs.failure_modes import failure_modes_page
from docs.markdown import PageIncomplete, fill_marks
from docs.run_shape import run_table
from docs.settings_page import env_example, settings_table

ROOT = Path(__file__).parent.parent


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    if arguments not in ([], ["--check"]):
        print("usage: python -m docs.generate [--check]", file=sys.stderr)
        return 2
    try:
        outdated = [(path, text) for path, text in generated_files(root).items() if _read(path) != text]
    except PageIncomplete as error:
        print(f"docs: {error}", file=sys.stderr)
        return 1
    for path, text in outdated:
        name = path.relative_to(root)
        if arguments:
            print(f"{name} is out of date: run `make docs`.", file=sys.stderr)
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    return 1 if arguments and outdated else 0


def generated_files(root: Path) -> dict[Path, str]:
    """What each file should hold. Raises PageIncomplete."""
    reference = root / "docs" / "reference.md"
    tables = {
        "settings": settings_table(),
        "commands": commands_table(),
        "exits": exits_table(),
        "endpoints": endpoints_table(),
        "run": run_table(),
    }
    return {
        root / ".env.example": env_example(_read(root / "docker-compose.yml")),
        reference: fill_marks(_read(reference), tables),
        root / "docs" / "failure-modes.md": failure_modes_page(),
    }


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
