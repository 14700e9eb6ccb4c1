"""A parsing child that a file has taken over: it does what the name of the file it is given says."""

import json
import os
import pickle
import signal
import socket
import sys
from typing import Any

from knowledge.loading.answer import ANSWER, READY, REQUEST, receive


def main() -> int:
    channel = socket.socket(fileno=os.dup(0))
    channel.sendall(READY)
    while True:
        name_size, content_size = REQUEST.unpack(receive(channel, REQUEST.size))
        name = bytes(receive(channel, name_size)).decode()
        receive(channel, content_size)
        _misbehave(channel, name)


def _misbehave(channel: socket.socket, name: str) -> None:
    match name:
        case "dies":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "leaves":
            sys.exit(3)
        case "announces an endless answer":
            channel.sendall(ANSWER.pack(2**60))
        case "answers for ever":
            channel.sendall(ANSWER.pack(1000))
            while True:
                channel.sendall(b" ")
        case "falls silent":
            signal.pause()
        case "answers with a pickle":
            _answer(channel, pickle.dumps(print))
        case "answers twice":
            channel.sendall(_framed(_honest("first")) + _framed(_honest("second")))
        case "answers with a control character":
            _answer(channel, _honest("a\0b"))
        case "answers with an absurd level":
            _answer(channel, _honest("a", level=10**9))
        case "answers with nothing":
            _answer(channel, _honest(""))
        case "answers with more than was asked":
            _answer(channel, json.dumps({**json.loads(_honest("a")), "more": 1}).encode())
        case _:
            _answer(channel, _honest(name))


def _honest(text: str, level: int = 0) -> bytes:
    block: dict[str, Any] = {"kind": "paragraph", "text": text, "level": level}
    return json.dumps({"file": {"status": "ok", "blocks": [block]}, "leaves": False}).encode()


def _answer(channel: socket.socket, answer: bytes) -> None:
    channel.sendall(_framed(answer))


def _framed(answer: bytes) -> bytes:
    return ANSWER.pack(len(answer)) + answer


if __name__ == "__main__":
    sys.exit(main())
