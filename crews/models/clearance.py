"""Which class of data a prompt holds, decided by code from the evidence of its run and never by a model."""

from collections.abc import Sequence

from crews.step_context import StepContext
from ledger.data_class import DataClass, strictest
from ledger.errors import NotFound, WorkspaceInvalid
from ledger.evidence import FIGURES, Evidence, list_evidence


class PromptClass:
    """What the prompts of one attempt of a step may hold at most: the strictest of what was found by the
    steps it builds on, by itself, and for earlier answers of its thread. It only ever grows stricter."""

    def __init__(self, context: StepContext) -> None:
        self._context = context
        self._seen = 0
        self._class = DataClass.PUBLIC
        self._take(context.conversation.evidence)
        if context.claim.inputs:
            self._take(list_evidence(context.db, context.claim.run_id))

    def now(self) -> DataClass:
        found = self._context.evidence[self._seen :]
        self._seen += len(found)
        self._take(found)
        return self._class

    def _take(self, found: Sequence[Evidence]) -> None:
        self._class = strictest([self._class, *(self._class_of(item) for item in found)])

    def _class_of(self, item: Evidence) -> DataClass:
        declared = item.finding.details.get("classification")
        if declared is not None:
            return DataClass(declared)
        if item.finding.kind != FIGURES:
            return DataClass.INTERNAL
        products = item.finding.source.split(", ")
        try:
            return self._context.numbers.data_class(self._context.access, products)
        except (NotFound, WorkspaceInvalid):
            # The catalog that classified the columns is gone.
            return DataClass.CONFIDENTIAL
