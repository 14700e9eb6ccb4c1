"""The settings as documentation: the table of the reference, and `.env.example`.

Both come from the classes of `ledger.settings` alone, so that no variable is described in one way and read in
another.
"""

import json
import re
import textwrap
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from docs.markdown import PageIncomplete, table
from ledger.settings import (
    ApiSettings,
    BotSettings,
    CatalogSettings,
    EmbeddedSettings,
    ProcessSettings,
    SchedulerSettings,
    WorkerSettings,
)

_ROLES: dict[str, type[ProcessSettings]] = {
    "api": ApiSettings,
    "bot": BotSettings,
    "worker": WorkerSettings,
    "scheduler": SchedulerSettings,
    "catalog": CatalogSettings,
}
_ENV_HEAD = """\
# Made from ledger/settings.py by `make docs`; do not edit it here.
# Copy this file to .env and take the # away before what you set. Every variable is optional, and an empty one
# counts as not set. A variable of the environment wins over .env. The single process (`crewdesk serve`,
# `crewdesk ask`) reads them all; "Read by" names the processes of the Procfile that do, and `catalog` for the
# commands that load data products.
"""
_COMPOSE_HEAD = "# For docker-compose.yml alone. Paths in it must be absolute or begin with ./"
_COMPOSE_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+):-(?P<default>[^}]*)\}")


@dataclass(frozen=True, slots=True)
class Variable:
    """One setting. `default` is its value as it would be written in `.env`; a secret has none."""

    name: str
    description: str
    default: str
    read_by: str
    is_secret: bool


def list_variables() -> list[Variable]:
    """In the order the classes declare them, what every process reads first. Raises PageIncomplete."""
    roles: list[type[ProcessSettings]] = [ProcessSettings, *_ROLES.values(), EmbeddedSettings]
    fields = {name: field for role in roles for name, field in role.model_fields.items()}
    return [_variable(name, field) for name, field in fields.items()]


def settings_table() -> str:
    rows = [
        [f"`{variable.name}`", variable.description, _shown(variable), variable.read_by]
        for variable in list_variables()
    ]
    return table(["variable", "what it is", "default", "read by"], rows)


def env_example(compose: str) -> str:
    """`compose` is the text of docker-compose.yml, which takes variables of its own."""
    variables = list_variables()
    blocks = [_ENV_HEAD, *(_env_block(variable) for variable in variables)]
    ours = {variable.name for variable in variables}
    others = {m["name"]: m["default"] for m in _COMPOSE_VARIABLE.finditer(compose) if m["name"] not in ours}
    if others:
        lines = [f"#{name}={default}" for name, default in sorted(others.items())]
        blocks.append("\n".join([_COMPOSE_HEAD, *lines]) + "\n")
    return "\n".join(blocks)


def _variable(name: str, field: FieldInfo) -> Variable:
    variable = f"CREWDESK_{name.upper()}"
    if not field.description:
        raise PageIncomplete(f"the setting {variable} has no description in ledger/settings.py.")
    readers = [role for role, settings in _ROLES.items() if name in settings.model_fields]
    read_by = "every process" if len(readers) == len(_ROLES) else ", ".join(readers) or "the single process"
    secret = _holds_secret(field.annotation)
    return Variable(variable, field.description, _written(field.default), read_by, secret)


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_holds_secret(part) for part in typing.get_args(annotation))


def _written(default: Any) -> str:
    if default is None:
        return ""
    if isinstance(default, Path):
        return default.as_posix()
    return default if isinstance(default, str) else json.dumps(default)


def _shown(variable: Variable) -> str:
    if variable.is_secret:
        return "(secret)"
    return f"`{variable.default}`" if variable.default else "(not set)"


def _env_block(variable: Variable) -> str:
    text = f"{variable.description} Read by: {variable.read_by}."
    # Nothing is broken inside a URL or a piece of JSON, which are meant to be copied.
    wrapped = textwrap.wrap(text, 108, break_long_words=False, break_on_hyphens=False)
    return "\n".join([*(f"# {line}" for line in wrapped), f"#{variable.name}={variable.default}"]) + "\n"
