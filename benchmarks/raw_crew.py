"""The work of a Crewdesk run as somebody would write it with CrewAI alone: two agents, one search, no record.

`python -m benchmarks.raw_crew VAR PROVIDER`, where VAR holds an ingested library of its own.
"""

import json
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.contestant import CALLS, MODEL, Lap, Provider, take_turns
from benchmarks.processes import LARKSPUR, REPOSITORY
from benchmarks.provider import question
from crews.router.output import Route
from crews.specs import CrewSpec, load_crew_spec, with_choices
from crews.tools.gate import ToolSpec
from crews.tools.read_document import READ_DOCUMENT
from crews.tools.search_knowledge import SEARCH_KNOWLEDGE
from knowledge.bootstrap import open_library
from knowledge.library import Library
from knowledge.search.access import AccessScope
from knowledge.search.port import Filters
from ledger.db import Database
from ledger.settings import EmbeddedSettings, harden_crewai

if TYPE_CHECKING:
    from crewai import LLM, Agent, Crew, Task
    from crewai.tools import BaseTool

# The asker's, as in the workspace's people.yaml.
_ACCESS = AccessScope(frozenset({"everyone"}))


def main(arguments: list[str]) -> None:
    var, provider = Path(arguments[0]), Provider.model_validate_json(arguments[1])
    harden_crewai(var)
    from crewai import LLM

    settings = EmbeddedSettings(workspace=LARKSPUR, var=var)
    library = open_library(settings, Database(settings.ledger_url))
    library.warm_up()
    llm = LLM(model=MODEL, base_url=provider.base_url, api_key=provider.api_key)
    router = with_choices(load_crew_spec(REPOSITORY / "crews" / "router"), Route)
    help_desk = load_crew_spec(REPOSITORY / "crews" / "help_desk")
    shelf = _Shelf(library)
    numbers = count(1)
    take_turns(
        lambda: _lap(llm, shelf, lambda: _build_crew(llm, shelf, router, help_desk, question(next(numbers))))
    )


class _Shelf:
    """The library behind the raw tools, and how long the last search took."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self.took_s = 0.0

    def search(self, query: str, collection: str | None) -> str:
        before = time.perf_counter()
        hits = self._library.search(query, _ACCESS, filters=Filters(collection), limit=5).hits
        self.took_s = time.perf_counter() - before
        evidence = [
            {"id": f"E{number}", "title": hit.title, "updated": hit.updated, "text": hit.text}
            for number, hit in enumerate(hits, start=1)
        ]
        return json.dumps({"evidence": evidence}, ensure_ascii=False)

    def read(self, document_id: str) -> str:
        document = self._library.read_document(document_id, _ACCESS)
        return document.text if document else "There is no such document."


def _lap(llm: "LLM", shelf: _Shelf, build: "Callable[[], Crew]") -> Lap:
    calls_before = llm.get_token_usage_summary().successful_requests
    wall, cpu = time.perf_counter(), time.process_time()
    said = str(build().kickoff())
    seconds, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    lap = Lap(seconds=seconds, cpu_s=cpu_s, shares={"search": shelf.took_s})
    calls = llm.get_token_usage_summary().successful_requests - calls_before
    if calls != CALLS or not json.loads(said)["claims"]:
        raise RuntimeError(f"The raw crew made {calls} calls and said {said!r}.")
    return lap


def _build_crew(llm: "LLM", shelf: _Shelf, router: CrewSpec, help_desk: CrewSpec, asked: str) -> "Crew":
    """Anew for each run, as CrewAI asks for: a crew keeps what it did."""
    from crewai import Crew, Process

    parts = [_build_part(router, llm, [], asked), _build_part(help_desk, llm, _build_tools(shelf), asked)]
    return Crew(
        agents=[agent for agent, _ in parts],
        tasks=[task for _, task in parts],
        process=Process.sequential,
        tracing=False,
        verbose=False,
    )


def _build_part(spec: CrewSpec, llm: "LLM", tools: "list[BaseTool]", asked: str) -> "tuple[Agent, Task]":
    from crewai import Agent, Task

    agent = Agent(
        role=spec.agent.role, goal=spec.agent.goal, backstory=spec.agent.backstory, llm=llm, tools=tools
    )
    description = spec.task.description.replace("{question}", asked)
    return agent, Task(description=description, expected_output=spec.task.expected_output, agent=agent)


def _build_tools(shelf: _Shelf) -> "list[BaseTool]":
    """With the names, descriptions and arguments of the governed ones, so that the prompts are the same."""
    return [_build_tool(SEARCH_KNOWLEDGE, shelf.search), _build_tool(READ_DOCUMENT, shelf.read)]


def _build_tool(spec: ToolSpec, run: Callable[..., str]) -> "BaseTool":
    from crewai.tools.base_tool import Tool

    return Tool(name=spec.name, description=spec.description, args_schema=spec.arguments, func=run)


if __name__ == "__main__":
    main(sys.argv[1:])
