"""The output a workspace's own crew declares: a small part of JSON Schema, made into a pydantic model.

Whatever a model says is checked against it, as against the outputs that ship: no key more, no key less.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, conlist, create_model, model_validator

MAX_DEPTH = 5

FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]

# JSON has no NaN and no infinity, and PostgreSQL keeps none.
_PLAIN: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": Annotated[float, Field(allow_inf_nan=False)],
    "boolean": bool,
}


class OutputSchema(BaseModel):
    """`properties` of an object are required unless `optional` names them; `items` is what a list holds."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    type: Literal["object", "array", "string", "integer", "number", "boolean"]
    description: str = ""
    properties: dict[FieldName, "OutputSchema"] = Field(default_factory=dict)
    optional: tuple[FieldName, ...] = ()
    items: "OutputSchema | None" = None
    enum: tuple[str, ...] = ()
    max_items: int = Field(default=100, ge=1, le=1_000, alias="maxItems")
    max_length: int = Field(default=8_000, ge=1, le=100_000, alias="maxLength")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.type == "object") != bool(self.properties):
            raise ValueError("an object, and nothing else, has properties")
        if (self.type == "array") != (self.items is not None):
            raise ValueError("an array, and nothing else, has items")
        if self.enum and self.type != "string":
            raise ValueError("only a string has an enum")
        strange = sorted(set(self.optional) - set(self.properties))
        if strange:
            raise ValueError(f"optional: '{strange[0]}' is not among the properties")
        if self._depth() > MAX_DEPTH:
            raise ValueError(f"this is nested deeper than {MAX_DEPTH} levels")
        return self

    def _depth(self) -> int:
        inner = [*self.properties.values(), *([self.items] if self.items else [])]
        return 1 + max((schema._depth() for schema in inner), default=0)


Extra = Literal["forbid", "ignore"]


def output_model(name: str, schema: OutputSchema, extra: Extra = "forbid") -> type[BaseModel]:
    """The model of an object's schema; `extra` says what becomes of keys it does not name."""
    fields: dict[str, Any] = {}
    for key, inner in schema.properties.items():
        kind = _kind_of(f"{name}_{key}", inner, extra)
        described = inner.description or None
        if key in schema.optional:
            fields[key] = (kind | None, Field(default=None, description=described))
        else:
            fields[key] = (kind, Field(description=described))
    config = ConfigDict(frozen=True, extra=extra)
    return create_model(name, __config__=config, __doc__=schema.description or None, **fields)


def answer_model(schema: OutputSchema) -> type[BaseModel]:
    """The model whose `answer` is of this shape; keys that it does not name are left out."""
    return create_model("Answer", answer=(_kind_of("answer", schema, "ignore"), ...))


def _kind_of(name: str, schema: OutputSchema, extra: Extra) -> Any:
    if schema.type == "object":
        return output_model(name, schema, extra)
    if schema.items is not None:
        return conlist(_kind_of(name, schema.items, extra), max_length=schema.max_items)
    if schema.enum:
        return Literal[schema.enum]
    if schema.type == "string":
        return Annotated[str, Field(max_length=schema.max_length)]
    return _PLAIN[schema.type]
