"""What ends a step is not taken for a model that drafts badly."""

import pytest

from crews.errors import OutputInvalid, RecordEnded, StepCancelled
from crews.help_desk.output import DraftAnswer
from crews.redraft import redraft_once
from crews.tools.search_knowledge import SEARCH_KNOWLEDGE
from ledger.errors import CrewdeskError
from ledger.result import Claim
from tests.unit.crews.test_gate import Gate
from tests.unit.crews.world import Desk

WRONG = DraftAnswer(claims=[Claim(text="Full-time staff have 72 days of annual leave.", evidence=("E1",))])


def _redraft(desk: Desk, error: CrewdeskError) -> DraftAnswer:
    gate = Gate(desk)
    gate.call(SEARCH_KNOWLEDGE, query="annual leave")

    def ask(_prompt: str) -> DraftAnswer:
        raise error

    return redraft_once(gate.context, WRONG, ask).draft


@pytest.mark.parametrize("error", [StepCancelled("It was cancelled."), RecordEnded("It ends here.")])
def test_the_end_of_a_step_passes(desk: Desk, error: CrewdeskError) -> None:
    with pytest.raises(type(error)):
        _redraft(desk, error)


def test_a_model_that_fails_now_leaves_the_first_draft(desk: Desk) -> None:
    assert _redraft(desk, OutputInvalid("It said nothing.")) == WRONG
