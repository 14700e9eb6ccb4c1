"""The pages whose words are held against the tree."""

from pathlib import Path

ROOT = Path(__file__).parents[3]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
PAGES = [
    ROOT / "README.md",
    *(ROOT / "docs" / name for name in ("ARCHITECTURE.md", "glossary.md", "runbook.md", "reference.md")),
    *DECISIONS,
]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()
