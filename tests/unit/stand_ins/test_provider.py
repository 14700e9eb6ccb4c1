"""The scripted provider, driven by the OpenAI SDK: what it says, what it refuses, how it fails."""

from collections.abc import Iterator
from contextlib import AbstractContextManager

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionMessage, ChatCompletionMessageParam, ChatCompletionToolParam

from tests.stand_ins.provider import (
    CutConnection,
    Empty,
    Garbage,
    HttpError,
    Reply,
    ScriptedProvider,
    Text,
    Timeout,
    ToolCall,
    ToolThenAnswer,
    Trickle,
)

MODEL = "gpt-4o-mini"
ASK: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Where is the spare key?"}]
SEARCH: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "search_knowledge",
        "description": "Looks something up.",
        "parameters": {"type": "object", "properties": {"query": {"type": "string"}}},
    },
}


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as running:
        yield running


@pytest.fixture
def client(provider: ScriptedProvider) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=provider.base_url, api_key=provider.api_key, max_retries=0, timeout=10
    ) as connected:
        yield connected


def test_scripted_replies_come_in_order_and_requests_are_kept(
    provider: ScriptedProvider, client: openai.OpenAI
) -> None:
    provider.play([Text("first"), Text("second")])
    answers = [client.chat.completions.create(model=MODEL, messages=ASK) for _ in range(2)]
    assert [answer.choices[0].message.content for answer in answers] == ["first", "second"]
    assert [request.index for request in provider.requests] == [0, 1]
    assert provider.requests[0].messages == ASK
    assert answers[0].usage is not None
    assert answers[0].usage.total_tokens == answers[0].usage.prompt_tokens + 2


def test_the_record_cannot_be_changed_through_a_reading(
    provider: ScriptedProvider, client: openai.OpenAI
) -> None:
    provider.play([Text("noted")])
    client.chat.completions.create(model=MODEL, messages=ASK)
    provider.requests[0].messages.clear()
    provider.requests[0].body["model"] = "other"
    assert provider.requests[0].messages == ASK
    assert provider.requests[0].model == MODEL


def test_a_script_that_ran_out_says_so(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="No reply is scripted for request 0"):
        client.chat.completions.create(model=MODEL, messages=ASK)


def test_a_script_that_raises_reaches_the_test(provider: ScriptedProvider, client: openai.OpenAI) -> None:
    provider.play(lambda request: Text(request.body["missing"]))
    with pytest.raises(openai.BadRequestError, match="KeyError"):
        client.chat.completions.create(model=MODEL, messages=ASK)
    assert provider.refusals[0].message == "The script failed: KeyError('missing')"


def test_streaming_gives_the_same_reply_and_usage(provider: ScriptedProvider, client: openai.OpenAI) -> None:
    said = Text("It hangs behind the door of the post room, second hook from the left.")
    provider.play([said, said])
    whole = client.chat.completions.create(model=MODEL, messages=ASK)
    stream = client.chat.completions.create(
        model=MODEL, messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == said.content
    assert chunks[-1].usage == whole.usage
    assert provider.requests[1].stream


@pytest.mark.parametrize("streaming", [False, True])
def test_several_tool_calls_in_one_reply(
    provider: ScriptedProvider, client: openai.OpenAI, streaming: bool
) -> None:
    provider.play([(ToolCall("search_knowledge", {"query": "key"}), ToolCall("search_knowledge", "{half"))])
    if streaming:
        with client.chat.completions.stream(model=MODEL, messages=ASK) as stream:
            message: ChatCompletionMessage = stream.get_final_completion().choices[0].message
    else:
        message = client.chat.completions.create(model=MODEL, messages=ASK, tools=[SEARCH]).choices[0].message
    calls = message.tool_calls or ()
    assert [call.function.arguments for call in calls if call.type == "function"] == [
        '{"query": "key"}',
        "{half",
    ]


def test_tool_then_answer_calls_once_and_answers_from_the_result(
    provider: ScriptedProvider, client: openai.OpenAI
) -> None:
    provider.play(ToolThenAnswer("search_knowledge", {"query": "spare key"}, lambda found: f"Found: {found}"))
    first = client.chat.completions.create(model=MODEL, messages=ASK, tools=[SEARCH]).choices[0].message
    assert first.tool_calls is not None
    turn: list[ChatCompletionMessageParam] = [
        *ASK,
        first.to_dict(),  # type: ignore[list-item]
        {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "post room"},
    ]
    second = client.chat.completions.create(model=MODEL, messages=turn, tools=[SEARCH]).choices[0].message
    assert second.content == "Found: post room"
    without_tool = client.chat.completions.create(model=MODEL, messages=ASK).choices[0].message
    assert without_tool.content == "Found: "


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"user": "x" * 65}, "user"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 5, "max_completion_tokens": 5}, "max_tokens"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"messages": [{"role": "tool", "tool_call_id": "call_1", "content": "x"}]}, "messages[0]"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"id": "c"}]}]}, "messages[0].tool_calls"),
        ({"tools": []}, "tools"),
        ({"tools": [{"type": "function", "function": {"name": "two words"}}]}, "tools[0].function.name"),
        (
            {
                "tools": [
                    {
                        "type": "function",
                        "function": {
                            "name": "f",
                            "strict": True,
                            "parameters": {"type": "object", "properties": {"a": {"type": "string"}}},
                        },
                    }
                ]
            },
            "tools[0].function.parameters",
        ),
        ({"tool_choice": "auto"}, "tool_choice"),
    ],
)
def test_a_malformed_body_is_refused_before_the_script(
    provider: ScriptedProvider, change: dict[str, object], param: str
) -> None:
    provider.play([Text("unreachable")])
    answer = httpx.post(
        f"{provider.base_url}/chat/completions",
        headers={"authorization": f"Bearer {provider.api_key}"},
        json={"model": MODEL, "messages": ASK, **change},
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert (len(provider.requests), len(provider.refusals)) == (0, 1)


def test_an_unanswered_tool_call_is_refused(provider: ScriptedProvider) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    answer = httpx.post(
        f"{provider.base_url}/chat/completions",
        headers={"authorization": f"Bearer {provider.api_key}"},
        json={"model": MODEL, "messages": [{"role": "assistant", "tool_calls": [call]}, *ASK]},
    )
    assert answer.status_code == 400
    assert "call_1" in answer.json()["error"]["message"]


def test_a_wrong_key_and_an_unknown_model_are_refused(
    provider: ScriptedProvider, client: openai.OpenAI
) -> None:
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="gpt-unheard-of", messages=ASK)
    with (
        openai.OpenAI(base_url=provider.base_url, api_key="sk-other", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.models.list()
    assert [model.id for model in client.models.list()] == list(provider.models)


@pytest.mark.parametrize(
    ("status", "raised"),
    [
        (401, openai.AuthenticationError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
def test_error_statuses_raise_the_sdk_s_own_errors(
    provider: ScriptedProvider, client: openai.OpenAI, status: int, raised: type[openai.APIStatusError]
) -> None:
    provider.play([HttpError(status, retry_after=7)])
    with pytest.raises(raised) as caught:
        client.chat.completions.create(model=MODEL, messages=ASK)
    assert caught.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize("after_bytes", [0, 40])
@pytest.mark.parametrize("streaming", [False, True])
def test_a_cut_connection_is_a_connection_error(
    provider: ScriptedProvider, client: openai.OpenAI, after_bytes: int, streaming: bool
) -> None:
    provider.play([CutConnection(after_bytes), Text("up again")])

    def read_whole_answer() -> None:
        answer = client.chat.completions.create(model=MODEL, messages=ASK, stream=streaming)
        if isinstance(answer, openai.Stream):
            list(answer)

    with pytest.raises((openai.APIConnectionError, httpx.TransportError)):
        read_whole_answer()
    assert client.chat.completions.create(model=MODEL, messages=ASK).choices[0].message.content == "up again"


def test_a_cut_at_nothing_sends_no_status_and_a_later_one_promises_the_whole_body(
    provider: ScriptedProvider,
) -> None:
    def post() -> AbstractContextManager[httpx.Response]:
        headers = {"authorization": f"Bearer {provider.api_key}"}
        url = f"{provider.base_url}/chat/completions"
        return httpx.stream("POST", url, headers=headers, json={"model": MODEL, "messages": ASK})

    provider.play([CutConnection(0), CutConnection(40)])
    with pytest.raises(httpx.TransportError), post():
        pass
    with post() as answer:
        assert int(answer.headers["content-length"]) > 40
        with pytest.raises(httpx.RemoteProtocolError, match="40"):
            answer.read()


def test_a_hanging_model_ends_by_release_or_by_the_client_s_patience(
    provider: ScriptedProvider, client: openai.OpenAI
) -> None:
    released, forgotten = Timeout(then=Text("at last")), Timeout()
    released.release()
    provider.play([released, forgotten])
    assert client.chat.completions.create(model=MODEL, messages=ASK).choices[0].message.content == "at last"
    with pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(model=MODEL, messages=ASK, timeout=0.2)
    forgotten.latch.wait_reached()


@pytest.mark.parametrize(
    ("reply", "content"),
    [
        (Empty(), None),
        (Text("cut of", finish_reason="length"), "cut of"),
        (Trickle(Text("drop"), 64, 0.001), "drop"),
    ],
)
def test_odd_but_well_formed_replies(
    provider: ScriptedProvider, client: openai.OpenAI, reply: Reply, content: str | None
) -> None:
    provider.play([reply])
    choice = client.chat.completions.create(model=MODEL, messages=ASK).choices[0]
    assert choice.message.content == content


def test_garbage_arrives_byte_for_byte(provider: ScriptedProvider) -> None:
    provider.play([Garbage(b"\x00\xff{")])
    answer = httpx.post(
        f"{provider.base_url}/chat/completions",
        headers={"authorization": f"Bearer {provider.api_key}"},
        json={"model": MODEL, "messages": ASK},
    )
    assert (answer.status_code, answer.content) == (200, b"\x00\xff{")


def test_a_provider_that_is_down_refuses_and_comes_back_on_its_port(
    provider: ScriptedProvider, client: openai.OpenAI
) -> None:
    provider.play([Text("back")])
    url = provider.base_url
    with provider.server.down(), pytest.raises(openai.APIConnectionError):
        client.chat.completions.create(model=MODEL, messages=ASK)
    assert provider.base_url == url
    assert client.chat.completions.create(model=MODEL, messages=ASK).choices[0].message.content == "back"
