"""What can go wrong while a crew works."""

from ledger.errors import CrewdeskError, ErrorKind, NotPermitted


class BudgetExceeded(CrewdeskError):
    """A step asked for more model or tool calls, or more time, than it was given."""

    code = "budget_exceeded"


class DeadlineExceeded(BudgetExceeded):
    code = "deadline_exceeded"


class OutputInvalid(CrewdeskError):
    """What a model gave as its last word does not fit the crew's output, even after one repair."""

    code = "output_invalid"


class ModelsExhausted(CrewdeskError):
    """No candidate answered, not even the floor."""

    code = "models_exhausted"
    kind = ErrorKind.UNAVAILABLE
    worth_retrying = True


class UnknownCrew(CrewdeskError):
    code = "unknown_crew"


class DecisionNeeded(NotPermitted):
    """A tool would change something after the run has read what others wrote; a person has to decide."""

    code = "decision_needed"
