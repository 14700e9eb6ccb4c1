"""The scripted provider with CrewAI's own OpenAI provider and agent loop at the other end."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from tests.stand_ins.provider import ScriptedProvider, ToolThenAnswer


class Query(BaseModel):
    query: str
    collection: str | None = None


# CrewAI 1.15 reads its own deprecated fields whenever an agent is made.
@pytest.mark.filterwarnings("ignore::DeprecationWarning:crewai.*")
@pytest.mark.filterwarnings("ignore:Cannot set an attribute on 'crewai:ImportWarning")
@pytest.mark.parametrize("stream", [False, True])
def test_an_agent_calls_its_tool_and_answers_from_it(
    stream: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # CrewAI writes under HOME when imported and reports home unless told not to.
    for name, value in {"HOME": str(tmp_path), "CREWAI_DISABLE_TELEMETRY": "true"}.items():
        monkeypatch.setenv(name, value)
    from crewai import LLM, Agent, Crew, Task
    from crewai.tools import tool

    @tool("search_knowledge")
    def search(query: str) -> str:
        """Looks something up in the handbook."""
        return f"[e1] the handbook on {query}"

    script = ToolThenAnswer("search_knowledge", {"query": "leave"}, lambda found: f"It says: {found}")
    with ScriptedProvider(script) as provider:
        llm = LLM(
            model="openai/gpt-4o-mini", base_url=provider.base_url, api_key=provider.api_key, stream=stream
        )
        agent = Agent(role="librarian", goal="answer", backstory="reads", llm=llm, tools=[search])
        task = Task(description="How much leave have I?", expected_output="one sentence", agent=agent)
        answer = Crew(agents=[agent], tasks=[task]).kickoff()
    assert str(answer) == "It says: [e1] the handbook on leave"
    assert [request.stream for request in provider.requests] == [stream, stream]
    assert provider.requests[1].tool_results("search_knowledge") == ["[e1] the handbook on leave"]
    assert len(provider.refusals) == 0
