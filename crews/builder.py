"""Builds CrewAI's objects from a checked spec: one agent, one task, one crew, fresh for every attempt of a
step.

Everything CrewAI would do on its own account is off: telemetry, tracing, caches, memory, delegation,
retries and its copy of every output on disk.
"""

from collections.abc import Coroutine
from typing import Any, TypeVar

from crewai import Agent, Crew, Process, Task
from crewai.agents.agent_executor import AgentExecutor, AgentExecutorState
from crewai.flow.flow_definition import FlowDefinition
from crewai.llms.base_llm import BaseLLM
from crewai.tools import BaseTool
from crewai.utilities import file_store
from pydantic import PrivateAttr

from crews.specs import CrewSpec
from crews.step_context import StepContext
from crews.tools.gate import ToolSpec, call_tool

T = TypeVar("T")


class GovernedTool(BaseTool):
    """CrewAI's view of a tool. Both of its ways in lead to the gate, with the arguments as the model gave
    them."""

    _context: StepContext = PrivateAttr()
    _spec: ToolSpec = PrivateAttr()

    def __init__(self, context: StepContext, spec: ToolSpec) -> None:
        super().__init__(
            name=spec.name,
            description=spec.description,
            args_schema=spec.arguments,
            cache_function=_never_cache,
        )
        self._context = context
        self._spec = spec

    def run(self, /, *args: Any, **kwargs: Any) -> str:
        # CrewAI would validate here and turn a refusal into an exception the record never sees.
        return self._run(*args, **kwargs)

    def _run(self, /, *_args: Any, **kwargs: Any) -> str:
        return call_tool(self._context, self._spec, kwargs)


class _Executor(AgentExecutor):
    """CrewAI's own, told which state it begins with. Left to find out, it makes a pydantic class of that
    state for every agent, which takes longer than all else in building a crew, and never uses it."""

    initial_state: Any = AgentExecutorState

    @classmethod
    def flow_definition(cls) -> FlowDefinition:
        # CrewAI reads the steps of the loop off the very class, not off the one it is made of.
        return AgentExecutor.flow_definition()


class _NoOutputStorage:
    """Stands in for CrewAI's SQLite file of all task outputs in clear; the ledger has them, masked."""

    def reset(self) -> None:
        return None

    def update(self, *_args: Any) -> None:
        return None

    def load(self) -> list[Any]:
        return []


class _Crew(Crew):
    """CrewAI's own, that keeps nothing on disk. It would open the file before it could be given another."""

    _task_output_handler: Any = PrivateAttr(default_factory=_NoOutputStorage)


def spare_empty_loops() -> None:
    """Of this process, once. CrewAI looks for files handed to a crew five times in each kickoff, in an event
    loop made for it, also where the store for them is not installed: that took 5% of a run."""
    if file_store._file_store is None:
        file_store._run_sync = _run_to_end


def _run_to_end(coro: Coroutine[None, None, T]) -> T:
    """For one that waits for nothing."""
    try:
        coro.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    coro.close()
    raise RuntimeError("CrewAI's look for files waits for something; it is not the one this was written for.")


def build_crew(spec: CrewSpec, text: str, llm: BaseLLM, tools: list[BaseTool]) -> Crew:
    """`text` is the task's description with its places filled in, so that braces in what was asked mean
    nothing to CrewAI."""
    agent = Agent(
        role=spec.agent.role,
        goal=spec.agent.goal,
        backstory=spec.agent.backstory,
        llm=llm,
        tools=tools,
        executor_class=_Executor,
        verbose=False,
        allow_delegation=False,
        cache=False,
        max_iter=spec.limits.model_calls,
        max_retry_limit=0,
        # It would put a long result into a file and give the agent a tool of its own to read it.
        use_better_compaction=False,
    )
    task = Task(
        description=text,
        expected_output=spec.task.expected_output,
        agent=agent,
    )
    return _Crew(
        agents=[agent],
        tasks=[task],
        process=Process.sequential,
        verbose=False,
        cache=False,
        memory=False,
        tracing=False,
        share_crew=False,
    )


def _never_cache(_arguments: Any = None, _result: Any = None) -> bool:
    return False
