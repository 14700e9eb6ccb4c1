"""What a workflow is: a small, checked graph of steps.

The graph lives here because a front door must know a run's first steps without loading a crew; what each
step does is the crews' business.
"""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator

from ledger.condition import parse_condition

MAX_STEPS = 50
MAX_ITEMS = 100

StepKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
# A field of an earlier step's output.
OutputPath = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$", max_length=120)
]
Words = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
# A place in a text for people, filled with a field of an earlier step's output.
PLACE = re.compile(r"\{([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+)\}")
DECIDER = r"(role|group|person):\S{1,120}"
FEWEST_OPTIONS, MOST_OPTIONS = 2, 5

_FIELD = r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+"
_FieldPath = Annotated[str, StringConstraints(pattern=rf"^{_FIELD}$", max_length=120)]
_Decider = Annotated[str, StringConstraints(pattern=rf"^({DECIDER}|{_FIELD})$")]

_WEEK_S = 7 * 86_400
# A day short of the calendar's ends: in any zone somebody reads it in, a moment between them is still a date.
_FIRST = datetime.min.replace(tzinfo=UTC) + timedelta(days=1)
_LAST = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)


class StepKind(StrEnum):
    CREW = "crew"
    FUNCTION = "function"
    DECISION = "decision"
    WAIT = "wait"


class RetryRule(BaseModel):
    """After a failure with one of these error codes the step is tried again, `times` times, `after_s` seconds
    later each. A failure no rule names is tried again only if its error says that this is worth it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    on: Annotated[tuple[Words, ...], Field(min_length=1)]
    times: int = Field(ge=1, le=10)
    after_s: float = Field(default=0.0, ge=0, le=86_400)


class AskPerson(BaseModel):
    """What a decision step asks: one of `options`, of whoever `by` names. At `expires_s` nobody may decide
    any more and the run goes on with `on_expiry`.

    `options` and `by` may be paths to an earlier output; `on_expiry` is then any key, on offer or not.
    `question` and `why` may hold places such as `{classify.title}`. `about` is the path of what is decided
    upon, which must still be the same when somebody decides; `detail` that of a text to show beside it.
    `readers` is the path of a list of lists of groups: whoever decides is in one of each, so that nobody
    settles what they may not read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: Words
    options: Annotated[
        Annotated[tuple[StepKey, ...], Field(min_length=FEWEST_OPTIONS, max_length=MOST_OPTIONS), Tag("list")]
        | Annotated[_FieldPath, Tag("path")],
        Discriminator(lambda given: "path" if isinstance(given, str) else "list"),
    ]
    by: _Decider
    expires_s: float | None = Field(default=None, gt=0, le=52 * _WEEK_S)
    on_expiry: StepKey | None = None
    why: Words | None = None
    about: OutputPath | None = None
    detail: _FieldPath | None = None
    readers: OutputPath | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.expires_s is None) != (self.on_expiry is None):
            raise ValueError("expires_s and on_expiry belong together: give both or neither")
        offered = (None, *self.options) if isinstance(self.options, tuple) else (self.on_expiry,)
        if self.on_expiry not in offered:
            raise ValueError(f"on_expiry: '{self.on_expiry}' is none of the options")
        for name, words in (("question", self.question), ("why", self.why or "")):
            if set("{}") & set(PLACE.sub("", words)):
                raise ValueError(f"{name}: braces hold a step's field, such as {{classify.title}}")
        return self

    @property
    def reads(self) -> dict[str, frozenset[str]]:
        """By field, the steps whose outputs it is made of."""
        read = {
            "question": PLACE.findall(self.question),
            "why": PLACE.findall(self.why or ""),
            "options": [self.options] if isinstance(self.options, str) else [],
            "by": [] if ":" in self.by else [self.by],
            "about": [self.about] if self.about else [],
            "detail": [self.detail] if self.detail else [],
            "readers": [self.readers] if self.readers else [],
        }
        return {name: frozenset(path.partition(".")[0] for path in paths) for name, paths in read.items()}


class StepSpec(BaseModel):
    """One step: `uses` names a crew or a function, `needs` the steps whose outputs it reads.

    With `each` it runs once for every item of a list an earlier step put out, at most `most` of them, and
    its output is the list of theirs in order; `uses: item` takes the crew's name from the item. `asks` is
    what its crew is asked in place of the run's own question: an earlier output, or the item; `tools` are
    those of the crew's that it has there, all of them where nothing is said. Where
    `when` does not hold the step is skipped, and those that need it read nothing from it. A wait ends after
    `for_s` seconds or at `until`, a date or an earlier output that is one. `undo` names the function that
    takes the effect of the step back when its run is cancelled.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: StepKey
    label: Words | None = None
    kind: StepKind
    uses: Annotated[str, StringConstraints(max_length=80)] = ""
    needs: tuple[StepKey, ...] = ()
    when: str | None = None
    each: OutputPath | None = None
    most: int = Field(default=20, ge=1, le=MAX_ITEMS)
    deadline_s: float = Field(default=60.0, gt=0, le=900)
    limits: dict[str, int | float] = Field(default_factory=dict)
    asks: OutputPath | None = None
    tools: tuple[Words, ...] | None = None
    retries: tuple[RetryRule, ...] = ()
    undo: Annotated[str, StringConstraints(min_length=1, max_length=80)] | None = None
    for_s: float | None = Field(default=None, gt=0, le=52 * _WEEK_S)
    until: str | None = None
    ask: AskPerson | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        self._check_kind()
        if self.when is not None:
            self._check_read("when", parse_condition(self.when).steps)
        if self.each is not None:
            self._check_read("each", {self.each.partition(".")[0]})
        if self.until is not None and moment_in(self.until) is None:
            self._check_read("until", {self.until.partition(".")[0]})
        for field, steps in (self.ask.reads if self.ask else {}).items():
            self._check_read(f"ask.{field}", steps)
        if self.asks is not None and self.asks.partition(".")[0] != "item":
            self._check_read("asks", {self.asks.partition(".")[0]})
        return self

    def _check_kind(self) -> None:
        works = self.kind in (StepKind.CREW, StepKind.FUNCTION)
        if works != bool(self.uses):
            raise ValueError(f"a {self.kind} step {'needs' if works else 'has no'} `uses`")
        if not works and (self.each or self.undo or self.limits or self.retries):
            raise ValueError(f"a {self.kind} step has no each, undo, limits or retries")
        if self.kind != StepKind.CREW and (self.asks or self.tools is not None):
            raise ValueError("only a crew step has `asks` and `tools`")
        if (self.kind == StepKind.DECISION) != (self.ask is not None):
            raise ValueError("a decision step, and no other, has `ask`")
        given = (self.for_s is not None) + (self.until is not None)
        if given != (self.kind == StepKind.WAIT):
            raise ValueError("a wait step, and no other, has either `for_s` or `until`")

    def _check_read(self, field: str, steps: set[str] | frozenset[str]) -> None:
        strange = sorted(steps - set(self.needs))
        if strange:
            raise ValueError(f"{field}: it reads '{strange[0]}', which is not among the step's needs")

    @property
    def shown_as(self) -> str:
        """For people."""
        return self.label or self.key.replace("_", " ").capitalize()


class WorkflowSpec(BaseModel):
    """A named graph of steps. The result of its one last step is the result of the run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    description: str
    steps: Annotated[tuple[StepSpec, ...], Field(min_length=1, max_length=MAX_STEPS)]

    @model_validator(mode="after")
    def _check_graph(self) -> Self:
        seen: set[str] = set()
        for step in self.steps:
            if step.key in seen:
                raise ValueError(f"the step '{step.key}' is declared twice")
            unknown = [need for need in step.needs if need not in seen]
            if unknown:
                raise ValueError(
                    f"the step '{step.key}' needs '{unknown[0]}', which no earlier step is called"
                )
            seen.add(step.key)
        needed = {need for step in self.steps for need in step.needs}
        last = [step.key for step in self.steps if step.key not in needed]
        if len(last) != 1:
            raise ValueError(f"exactly one step must come last, but nothing needs any of: {', '.join(last)}")
        self._check_last()
        return self

    def _check_last(self) -> None:
        last = self.last_step
        if last.kind not in (StepKind.CREW, StepKind.FUNCTION) or last.when or last.each:
            raise ValueError(
                f"the last step '{last.key}' gives the run's result, so it is a function without `when` or "
                "`each`"
            )

    @property
    def last_step(self) -> StepSpec:
        return self.steps[-1]

    @property
    def version(self) -> str:
        """A hash of the content, so that a run finishes on the very graph it began with."""
        return content_hash(self)


def content_hash(spec: BaseModel) -> str:
    """The same for equal content, also after a later release has given the spec more fields."""
    return hashlib.sha256(spec.model_dump_json(exclude_defaults=True).encode()).hexdigest()[:16]


def moment_in(value: Any) -> datetime | None:
    """A date, or date and time with its zone, as a moment in UTC; a date alone begins at midnight UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(f"{value}T00:00:00+00:00" if len(value) == 10 else value)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo and _FIRST <= moment <= _LAST else None
