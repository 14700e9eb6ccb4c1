"""How closely data is kept, from the mildest class to the strictest: what decides which model may see it."""

from enum import StrEnum


class DataClass(StrEnum):
    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    PII = "pii"

    def covers(self, other: "DataClass") -> bool:
        """Whether whoever is cleared for this class may see the other."""
        order = list(DataClass)
        return order.index(other) <= order.index(self)


def strictest(classes: list[DataClass]) -> DataClass:
    """Of nothing, the mildest."""
    return max(classes, key=list(DataClass).index, default=DataClass.PUBLIC)
