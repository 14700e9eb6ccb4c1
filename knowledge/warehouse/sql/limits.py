"""What one statement of free SQL may cost."""

from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SqlLimits:
    """`wall_s` is for the whole child, its start included; `memory_bytes` what it may take beyond an
    idle one; `joined_rows` the combinations of rows a statement is expected to go through at most."""

    text_bytes: int = 8 * 1024
    nodes: int = 500
    joined_rows: int = 200_000_000
    wall_s: float = 10.0
    rows: int = 10_000
    answer_bytes: int = 5_000_000
    memory_bytes: int = 1024 * _MIB
    threads: int = 2
