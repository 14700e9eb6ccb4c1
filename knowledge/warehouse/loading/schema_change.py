"""What changed in a product's columns: against its source, and against what is published.

Whoever reads a product may rely on its columns for as long as its `version` stays the same.
"""

from knowledge.warehouse.errors import SourceUnreadable
from knowledge.warehouse.loading.source import Readable
from knowledge.warehouse.spec import DataProduct
from ledger.data_products import ProductLoad


def match_columns(product: DataProduct, part: Readable) -> dict[str, str]:
    """For each of the product's columns the one to select. Case and surrounding blanks do not matter where
    they leave no doubt. Raises SourceUnreadable naming what is missing."""
    folded: dict[str, list[str]] = {}
    for name, selected in part.columns.items():
        folded.setdefault(name.strip().casefold(), []).append(selected)
    chosen: dict[str, str] = {}
    missing: list[str] = []
    for column in product.columns:
        wanted = column.source or column.name
        alike = folded.get(wanted.strip().casefold(), [])
        if wanted in part.columns:
            chosen[column.name] = part.columns[wanted]
        elif len(alike) == 1:
            chosen[column.name] = alike[0]
        else:
            missing.append(wanted)
    if missing:
        raise SourceUnreadable(
            f"{_named(missing)} missing from {part.name}; it has {', '.join(part.columns) or 'none'}."
        )
    return chosen


def refuse_change(product: DataProduct, served: ProductLoad | None) -> str | None:
    """Why these columns may not take the place of the published ones; None if they may."""
    if served is None or product.version > served.schema_version:
        return None
    if product.version < served.schema_version:
        return (
            f"The product's version is {product.version}, but {served.schema_version} is published; "
            "a version only goes up."
        )
    now = {column.name: column.type.value for column in product.columns}
    before = dict(served.columns)
    gone = [name for name in before if name not in now]
    new = [name for name in now if name not in before]
    changes = [_gone(name, before, now, new) for name in gone]
    changes += [
        f"{name} is {now[name]} and was {kind}"
        for name, kind in before.items()
        if now.get(name, kind) != kind
    ]
    if not changes:
        return None
    return (
        f"Its columns do not fit what is published: {'; '.join(changes)}. Raise `version` to "
        f"{product.version + 1} once those who use the product know."
    )


def _gone(name: str, before: dict[str, str], now: dict[str, str], new: list[str]) -> str:
    renamed = [other for other in new if now[other] == before[name]]
    return f"{name} is gone" + (f" (renamed to {renamed[0]}?)" if len(renamed) == 1 else "")


def _named(missing: list[str]) -> str:
    if len(missing) == 1:
        return f"The column {missing[0]} is"
    return f"The columns {', '.join(missing[:-1])} and {missing[-1]} are"
