"""Who may read what a decision is about: whoever decides has to be able to read all of it.

The groups come from the step before, which reckons them from the stored rights of the evidence; what is not
understood lets nobody decide.
"""

from collections.abc import Mapping
from typing import Any

from ledger.condition import value_at
from ledger.errors import NotPermitted
from ledger.people import Principal
from ledger.workflow import AskPerson


def require_readership(ask: AskPerson | None, inputs: Mapping[str, Any], person: Principal) -> None:
    """Raises NotPermitted where the person is in none of the groups of one of the lists."""
    if ask is None or ask.readers is None:
        return
    lists = value_at(ask.readers, inputs)
    if not isinstance(lists, list) or not all(_may_read(groups, person) for groups in lists):
        raise NotPermitted(
            "This rests on sources you may not read, so somebody else who may decides it; whoever asked can "
            "also ask for less."
        )


def _may_read(groups: Any, person: Principal) -> bool:
    return isinstance(groups, list) and not person.groups.isdisjoint(groups)
