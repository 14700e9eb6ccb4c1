"""How pressing a request is: impact and urgency by the words it uses, and the workspace's matrix of both.

By rule alone, so that the same words always get the same priority and the reason can be told.
"""

from dataclasses import dataclass

from crews.triage.cues import Cue, impact_cues, says_not_urgent, urgency_cues
from crews.triage.spec import CategoriesFile, Category, Level

_ORDER = (Level.LOW, Level.MEDIUM, Level.HIGH)


@dataclass(frozen=True, slots=True)
class Priority:
    """`level` is 1 to 4, 1 the most pressing; `reason` is a sentence for people."""

    level: int
    impact: Level
    urgency: Level
    reason: str


def judge_priority(text: str, file: CategoriesFile, category: Category) -> Priority:
    impact, impact_why = _level(impact_cues(text, file.cues.impact), category.impact)
    urgency, urgency_why = _level(urgency_cues(text, file.cues.urgency), category.urgency)
    if says_not_urgent(text):
        # Who says so is believed, unless something else in the request says that it presses after all.
        pressing = [cue for cue in urgency_cues(text, file.cues.urgency) if cue.level is Level.HIGH]
        urgency = Level.MEDIUM if pressing else Level.LOW
    level = file.priorities[impact][urgency]
    reason = f"Priority {level}: impact {impact} ({impact_why}), urgency {urgency} ({urgency_why})."
    return Priority(level, impact, urgency, reason)


def _level(cues: list[Cue], usual: Level) -> tuple[Level, str]:
    """The highest level there are words for; low ones only where nothing speaks for more."""
    if not cues:
        return usual, "as usual for its category"
    highest = max((cue.level for cue in cues), key=_ORDER.index)
    told = dict.fromkeys(f"“{cue.words}”: {cue.why}" for cue in cues if cue.level is highest)
    if highest is not Level.LOW and _ORDER.index(highest) < _ORDER.index(usual):
        return usual, "as usual for its category"
    return highest, "; ".join(told)
