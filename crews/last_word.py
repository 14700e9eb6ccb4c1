"""A model's last word as the crew's own output, whatever the model put around it; one repair is asked for."""

import json
from collections.abc import Callable, Iterator

from pydantic import BaseModel, ValidationError

from crews.errors import OutputInvalid
from crews.tools.untrusted import without_marks

# More would be a text about braces.
_MOST_STARTS = 40


def fitting_output(model: type[BaseModel], said: str, ask: Callable[[str], str]) -> BaseModel:
    """`ask` brings the repaired answer to a prompt. Raises OutputInvalid."""
    try:
        return parse_output(model, said)
    except ValidationError as error:
        complaint = _complaint(error)
    try:
        return parse_output(model, ask(_repair_prompt(model, said, complaint)))
    except ValidationError:
        raise OutputInvalid(f"gave output that does not fit ({complaint})") from None


def parse_output(model: type[BaseModel], said: str) -> BaseModel:
    """The first JSON object in the text that fits, as models like to wrap it in words or fences. Raises
    ValidationError, of the first object there is."""
    complaint: ValidationError | None = None
    said = without_marks(said)
    for found in _objects_in(said):
        try:
            return model.model_validate_json(found)
        except ValidationError as error:
            complaint = complaint or error
    if complaint is not None:
        raise complaint
    return model.model_validate_json(said)


def _objects_in(text: str) -> Iterator[str]:
    decoder = json.JSONDecoder()
    start = text.find("{")
    for _ in range(_MOST_STARTS):
        if start < 0:
            return
        try:
            _, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            start = text.find("{", start + 1)
            continue
        yield text[start:end]
        start = text.find("{", end)


def _repair_prompt(model: type[BaseModel], said: str, complaint: str) -> str:
    schema = json.dumps(model.model_json_schema())
    return (
        "Your last answer is not the JSON object that was asked for. Give the same answer again as one JSON "
        "object that fits this schema, and nothing else.\n"
        f"Schema: {schema}\nProblem: {complaint}\nYour answer was:\n{said[:8000]}"
    )


def _complaint(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the whole"
    return f"{where}: {first['msg']}"[:300]
