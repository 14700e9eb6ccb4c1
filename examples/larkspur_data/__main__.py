"""`python -m examples.larkspur_data [FOLDER]` writes the sample's tables up to yesterday."""

import sys
from datetime import datetime
from pathlib import Path

from examples.larkspur_data.write import ensure_data

DEFAULT_FOLDER = Path(__file__).resolve().parents[1] / "larkspur" / "data"


def main(arguments: list[str]) -> int:
    if len(arguments) > 1:
        print("Usage: python -m examples.larkspur_data [FOLDER]", file=sys.stderr)
        return 2
    folder = Path(arguments[0]) if arguments else DEFAULT_FOLDER
    ensure_data(folder, datetime.now().astimezone().date())
    for path in sorted(folder.iterdir()):
        print(f"{path.name}  {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
