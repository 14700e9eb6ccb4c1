"""What becomes of a request that was triaged: answered, made a ticket, or handed over. By rule, and never by
a model."""

from dataclasses import dataclass

from crews.triage.step_outputs import Move, SystemLook

# The priorities that are handed over where nothing answers.
_PRESSING = 2


@dataclass(frozen=True, slots=True)
class Case:
    """`answered`: a draft from the documents passed its check. `fits`: some category fits, by the classifier
    or by a person's word. `outage`: it says that a system is down for more than whoever asks. `loss`: a
    device is lost or stolen."""

    priority: int
    answered: bool
    fits: bool
    wants_person: bool
    outage: bool = False
    systems: tuple[SystemLook, ...] = ()
    loss: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """`system` is the one it is about, where it is about one."""

    move: Move
    reason: str
    system: SystemLook | None = None


def judge_case(case: Case) -> Verdict:
    denied = next((system for system in case.systems if not system.allowed), None)
    affected = next((system for system in case.systems if system.affected), None)
    if case.wants_person:
        return Verdict(Move.ESCALATION, "A person was asked for.", affected)
    if denied is not None:
        return Verdict(Move.ACCESS_REQUEST, f"There is no access to {denied.name} yet.", denied)
    if affected is not None:
        return Verdict(Move.ESCALATION, f"{affected.name} is affected.", affected)
    if not case.fits:
        return Verdict(Move.DECLINED, "It was decided that no category of this desk fits.")
    if case.loss:
        # Whatever the documents tell its owner to do, somebody has to lock it.
        move = Move.ESCALATION if case.priority <= _PRESSING else Move.TICKET
        return Verdict(move, "Something is lost or stolen, and has to be locked.")
    if case.answered and case.outage and case.systems:
        # What one person can do about it does not mend it, and only a ticket can become part of an incident.
        return Verdict(Move.TICKET, f"{case.systems[0].name} is reported to be down.", case.systems[0])
    if case.answered:
        return Verdict(Move.ANSWER, "The documents answer it.")
    if case.priority <= _PRESSING:
        return Verdict(Move.ESCALATION, f"It presses (priority {case.priority}), and nothing answers it.")
    return Verdict(Move.TICKET, "Nothing answers it, and it can wait for its turn.")
