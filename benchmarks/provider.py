"""The scripted model of the benchmarks, in a process of its own so that its work is nobody's cost:
`python -m benchmarks.provider`.

It prints its address and key as one line of JSON, answers at once and always the same, and ends when its
stdin does.
"""

import json
import sys

from tests.stand_ins.provider import ScriptedProvider, ToolThenAnswer

QUESTION = "How do I set up the VPN on my laptop?"


def question(number: int) -> str:
    """Another one each time, as people ask: what is remembered of a text must not stand for work on it."""
    return f"{QUESTION} It is laptop {number} of the new ones."


_ROUTE = json.dumps({"specialists": ["help_desk"], "reason": "The company's documents say how."})


def script() -> ToolThenAnswer:
    """Three calls: the router decides, the help desk searches, the help desk quotes what was found first."""
    return ToolThenAnswer("search_knowledge", {"query": QUESTION, "collection": None}, _answer)


def _answer(found: str) -> str:
    if not found:
        return _ROUTE
    first = json.loads(found)["evidence"][0]
    claim = {"text": first["text"].strip().splitlines()[0], "evidence": [first["id"]]}
    return json.dumps({"claims": [claim], "missing": None})


def main() -> None:
    with ScriptedProvider(script()) as provider:
        print(json.dumps({"base_url": provider.base_url, "api_key": provider.api_key}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
