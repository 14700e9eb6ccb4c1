"""What the router decides."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

MOST_CHOICES = 3
TRIAGER = "triager"

Choice = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class Route(BaseModel):
    """Two specialists where the question needs what each of them has. None: nobody on the crew can answer
    this from evidence, or `question` has to be asked back first, with its `choices`. With `triage` it is a
    request for help: the triager alone works on it, and rules decide what becomes of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    specialists: Annotated[
        tuple[Literal["help_desk", "data_analyst", "market_researcher", "triager"], ...], Field(max_length=2)
    ]
    reason: str
    triage: bool = False
    question: Choice | None = None
    choices: Annotated[tuple[Choice, ...], Field(max_length=MOST_CHOICES)] = ()

    @model_validator(mode="before")
    @classmethod
    def _read_one(cls, given: Any) -> Any:
        # A model that means one specialist often names it alone.
        if isinstance(given, dict) and "specialist" in given and "specialists" not in given:
            given = dict(given)
            name = given.pop("specialist")
            given["specialists"] = [] if name == "none" else [name]
        if isinstance(given, dict) and TRIAGER in (given.get("specialists") or ()):
            # Whoever is triaged is helped by the triager, who looks into the documents as well.
            given = {**given, "specialists": [TRIAGER], "triage": True}
        return given

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(set(self.specialists)) != len(self.specialists):
            raise ValueError("a specialist is named twice")
        if (self.question is not None) != (len(self.choices) >= 2):
            raise ValueError(
                "a question that is asked back has two or three choices, and choices have a question"
            )
        if self.triage != (TRIAGER in self.specialists):
            raise ValueError("`triage` goes with the specialist triager, and with no other")
        if self.question is not None and self.specialists:
            raise ValueError("either somebody answers or a question is asked back, not both")
        return self
