"""Only what arrives breaks a silence."""

from bots.pulse import Pulse


class Seconds:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_an_envelope_or_a_new_pong_ends_the_silence() -> None:
    clock = Seconds()
    pulse = Pulse(clock)
    clock.now += 30
    assert pulse.silent_s() == 30
    pulse.heard()
    clock.now += 5
    pulse.see_pong(1.5)
    assert pulse.silent_s() == 0


def test_a_pong_seen_before_is_no_news() -> None:
    clock = Seconds()
    pulse = Pulse(clock)
    pulse.see_pong(1.5)
    clock.now += 121
    pulse.see_pong(1.5)
    pulse.see_pong(None)
    assert pulse.silent_s() == 121
