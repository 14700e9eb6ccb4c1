"""What a model may say in its own words where it gives no answer: why not, and nothing that would be one."""

from collections.abc import Iterable, Sequence

from crews.grounding.actions import DoneCall, undone_action
from crews.grounding.check import citable_text
from crews.grounding.names import foreign_name
from crews.grounding.numbers import foreign_figure, read_figures
from knowledge.quality.injection import suspect
from ledger.evidence import Evidence
from ledger.outgoing import links_in, without_unseen
from ledger.pii_tokens import tokens_in_text

MOST_CHARS = 600


def checked_explanation(
    text: str | None, question: str, evidence: Iterable[Evidence], calls: Sequence[DoneCall]
) -> str | None:
    """The text, or None where it says anything that neither the question nor the evidence has."""
    if not text or not text.strip():
        return None
    known = [question, *(citable_text(item) for item in evidence)]
    says_too_much = (
        len(text) > MOST_CHARS
        or without_unseen(text) != text
        or bool(links_in(text))
        or suspect(text).is_likely
        or undone_action(text, calls, ()) is not None
        or bool(tokens_in_text(text) - {token for item in known for token in tokens_in_text(item)})
        or foreign_figure(read_figures(text), [read_figures(item) for item in known]) is not None
        or foreign_name(text, "\n".join(known)) is not None
    )
    return None if says_too_much else text
