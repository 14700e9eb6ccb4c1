"""The rows of a load that were kept back: a file of JSON lines for the product's steward.

Its first line tells how many there are and why; each other one is a row as it came, with its reasons. Values
in it are as they were, so it is readable by nobody but the installation's own user.
"""

import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from knowledge.warehouse.errors import NotLoaded
from knowledge.warehouse.loading.conform import Conformed
from knowledge.warehouse.loading.source import identifier
from knowledge.warehouse.loading.workbench import Workbench
from knowledge.warehouse.spec import Classification, DataProduct

MOST_ROWS = 10_000
SUFFIX = ".kept-back.jsonl"
MASKED = "(masked)"
_TOLD = (Classification.PUBLIC, Classification.INTERNAL)


class KeptBackSummary(BaseModel):
    """`written` is how many of the rows the file holds."""

    model_config = ConfigDict(frozen=True)

    product: str
    load: str
    kept_back: int
    written: int
    reasons: dict[str, int]


class KeptBackRow(BaseModel):
    model_config = ConfigDict(frozen=True)

    columns: dict[str, Any]
    reasons: tuple[str, ...]


def write_kept_back(
    bench: Workbench, product: DataProduct, load_id: str, conformed: Conformed, path: Path
) -> None:
    """Only the file's owner can read it."""
    fields = ", ".join(
        f"{identifier(column.name)} := raw.{identifier(column.name)}" for column in product.columns
    )
    rows = bench.rows(
        f"SELECT to_json({{'columns': struct_pack({fields}), 'reasons': held.reasons}})::VARCHAR "
        f"FROM held JOIN raw ON raw.rowid = held._row ORDER BY held._row LIMIT {MOST_ROWS}"
    )
    summary = KeptBackSummary(
        product=product.name,
        load=load_id,
        kept_back=conformed.held,
        written=len(rows),
        reasons=conformed.reasons,
    )
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(summary.model_dump_json() + "\n")
        file.writelines(row[0] + "\n" for row in rows)


def read_kept_back(
    path: Path, product: DataProduct, examples: int
) -> tuple[KeptBackSummary, tuple[KeptBackRow, ...]]:
    """With `examples` rows, whose personal and confidential values are masked. Raises NotLoaded if the file
    is gone or damaged."""
    told = {column.name for column in product.columns if column.classification in _TOLD}
    try:
        with path.open(encoding="utf-8") as file:
            summary = KeptBackSummary.model_validate_json(next(file, ""))
            rows = tuple(_masked_rows(islice(file, examples), told))
    except (OSError, ValidationError, json.JSONDecodeError) as error:
        raise NotLoaded(
            f"The rows of {product.name} that were kept back are gone from {path.parent}; run "
            f"`crewdesk catalog load {product.name}` to find them again."
        ) from error
    return summary, rows


def _masked_rows(lines: Iterator[str], told: set[str]) -> Iterator[KeptBackRow]:
    for line in lines:
        row = KeptBackRow.model_validate_json(line)
        columns = {
            name: value if value is None or name in told else MASKED for name, value in row.columns.items()
        }
        yield row.model_copy(update={"columns": columns})
