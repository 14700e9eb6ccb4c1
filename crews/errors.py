"""What can go wrong while a crew works."""

from ledger.errors import CrewdeskError, ErrorKind, NotPermitted


class BudgetExceeded(CrewdeskError):
    """A step asked for more model or tool calls, or more time, than it was given."""

    code = "budget_exceeded"


class DeadlineExceeded(BudgetExceeded):
    code = "deadline_exceeded"


class StepCancelled(CrewdeskError):
    """Nobody wants the step's result any more."""

    code = "step_cancelled"


class OutputInvalid(CrewdeskError):
    """A candidate cannot bring this step to an end: it goes in circles, or its last word does not fit the
    crew's output even after one repair."""

    code = "output_invalid"


class ModelsExhausted(CrewdeskError):
    """No candidate answered, not even the floor."""

    code = "models_exhausted"
    kind = ErrorKind.UNAVAILABLE
    worth_retrying = True


class RecordEnded(CrewdeskError):
    """A replay asks for more than its run's record holds."""

    code = "record_ended"


class UnknownCrew(CrewdeskError):
    code = "unknown_crew"


class PinGone(CrewdeskError):
    """A run began with something that is no longer there."""

    code = "pin_gone"


class NeedsModel(CrewdeskError):
    """The floor cannot fill an output it does not know."""

    code = "needs_model"


class NotApproved(CrewdeskError):
    """What is to be issued is not what somebody approved."""

    code = "not_approved"


class DecisionAwaited(CrewdeskError):
    """A person is to be asked about a call; the step begins anew with their word."""

    code = "decision_awaited"

    def __init__(self) -> None:
        super().__init__("A person has to decide about a call before this can go on.")


class DecisionNeeded(NotPermitted):
    """A tool would change something after the run has read what others wrote; a person has to decide."""

    code = "decision_needed"
