"""Only our own listener is left on CrewAI's event bus, and it hears what it counts."""

from crewai.events.event_bus import crewai_event_bus
from crewai.events.types.agent_events import AgentExecutionStartedEvent
from crewai.events.types.crew_events import CrewKickoffStartedEvent
from crewai.events.types.flow_events import FlowStartedEvent, MethodExecutionStartedEvent

from crews.tracing.event_listener import EventTally, tallying


def test_what_we_do_not_count_goes_through_no_pool_of_threads() -> None:
    with tallying(EventTally()):
        for event in (
            CrewKickoffStartedEvent(crew_name="desk", inputs=None),
            FlowStartedEvent(flow_name="executor"),
            MethodExecutionStartedEvent(flow_name="executor", method_name="think", state={}),
        ):
            # CrewAI returns what to wait for, and None where nobody listens.
            assert crewai_event_bus.emit(None, event) is None


def test_what_we_count_is_heard() -> None:
    started = AgentExecutionStartedEvent.model_construct(agent=None, task=None, tools=None, task_prompt="?")
    tally = EventTally()
    with tallying(tally):
        heard = crewai_event_bus.emit(None, started)
        assert heard is not None
        heard.result(5)
    assert tally.summary() == {"agent_started": 1}
