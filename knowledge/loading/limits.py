"""What one parse may cost."""

from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ParserLimits:
    """`wall_s` is for one file; `memory_bytes` is the address space of a child, which its resident memory
    stays below; a child is replaced after `files_per_child` files or above `recycle_bytes` of resident
    memory."""

    wall_s: float = 25.0
    start_s: float = 60.0
    memory_bytes: int = 900 * _MIB
    answer_bytes: int = 32 * _MIB
    files_per_child: int = 200
    recycle_bytes: int = 300 * _MIB
