"""Takes a post in: one transaction that makes it a run or a refusal, before Slack is told that it arrived.

A channel's answer is cleared for the channel and not for who asked: what the asker may read and the channel
may not is never quoted there.
"""

import re
from collections.abc import Callable

from bots.posts import Post
from ledger.crash_points import crash_point
from ledger.db import Database
from ledger.errors import CrewdeskError, ErrorKind
from ledger.inbox import is_kept, note_request, refuse_request
from ledger.log import get_logger
from ledger.people import Principal, find_slack_principal
from ledger.runs import RunRequest, submit_run
from ledger.thread_queue import ThreadBusy
from ledger.ticket_changes import LONGEST_NOTE, change_ticket
from ledger.ticket_follow_up import SETTLED, ThreadTicket, confirm_ticket, take_reply, ticket_of_thread
from ledger.ticket_replies import Meaning, TicketReply, read_reply
from ledger.ticket_views import TicketState
from ledger.watches import blocked_run_in, watch_run
from ledger.workspace import Workspace

_log = get_logger(__name__)

_ASKERS_TO_SORT_OUT = (ErrorKind.USAGE, ErrorKind.DENIED, ErrorKind.MISSING)

NOT_KNOWN = (
    "Sorry, I cannot answer you yet: nobody has told me who you are. Please ask an administrator of Crewdesk "
    "to add your Slack id {slack_id} to the workspace's people.yaml."
)
WATCHED = "I will. The answer comes here, in this thread, as soon as the data is fit to give it."
_TELL_ME = re.compile(
    r"(?:yes[,.!]?\s+)?(?:please\s+)?tell me(?:\s+(?:then|when .{0,40}))?[.!]?", re.IGNORECASE
)
NOTHING_ASKED = (
    "Hello! Write your question in the same message, for example: How do I reset my password? "
    "I answer here in the thread."
)


class Intake:
    """`on_accepted` is called after a run was made, so that whoever shows its status need not wait."""

    def __init__(self, db: Database, workspace: Workspace, on_accepted: Callable[[], None]) -> None:
        self._db = db
        self._workspace = workspace
        self._on_accepted = on_accepted

    def take(self, post: Post) -> None:
        """Returns once the post is kept for good, however often it comes. Raises CrewdeskError when it could
        not be kept; Slack must then send it again."""
        principal = find_slack_principal(self._db, post.user)
        if principal is None:
            self._refuse(post, NOT_KNOWN.format(slack_id=post.user))
        elif not post.question:
            self._refuse(post, NOTHING_ASKED)
        elif (run_id := self._to_be_watched(post, principal)) is not None:
            self._watch(post, run_id, principal)
        elif (told := read_reply(post.question)) and (ticket := self._settled_ticket(post, principal)):
            self._follow_up(post, principal, ticket, told)
        else:
            self._submit(post, principal)
        crash_point("intake.after_commit")

    def _submit(self, post: Post, principal: Principal) -> None:
        try:
            submission = submit_run(self._db, self._request(post, principal))
        except ThreadBusy as error:
            self._refuse(post, str(error))
            return
        except CrewdeskError as error:
            if error.kind is ErrorKind.CONFLICT:
                # Another event told of this post before: as a refusal, or seen from another place.
                _log.info("post_repeated", post=post.external_id)
                return
            if error.kind not in _ASKERS_TO_SORT_OUT:
                raise
            self._refuse(post, str(error))
            return
        _log.info(
            "post_accepted", run=submission.run_id, post=post.external_id, repeated=not submission.created
        )
        self._on_accepted()

    def _request(self, post: Post, principal: Principal) -> RunRequest:
        clearance = None if post.is_direct else self._workspace.channel_clearance(post.channel)
        return RunRequest(
            principal=principal.email,
            question=post.question,
            source="slack",
            external_id=post.external_id,
            thread=post.thread,
            audience_groups=clearance,
            deliver_to=post.reply_to,
            when_busy=self._workspace.when_busy(post.channel),
        )

    def _to_be_watched(self, post: Post, principal: Principal) -> str | None:
        """The run of this thread that gave no figure for want of fit data, if the post asks to hear of it."""
        if _TELL_ME.fullmatch(post.question) is None:
            return None
        return blocked_run_in(self._db, post.thread, principal)

    def _watch(self, post: Post, run_id: str, principal: Principal) -> None:
        watch_run(self._db, run_id, principal)
        note_request(self._db, "slack", post.external_id, WATCHED, post.reply_to)
        _log.info("post_watches", post=post.external_id, run=run_id)

    def _settled_ticket(self, post: Post, principal: Principal) -> ThreadTicket | None:
        """The ticket of this thread that the asker may confirm or reopen; None also for a post that was kept
        before, as it said what it had to say then."""
        ticket = ticket_of_thread(self._db, post.thread, principal)
        if ticket is None or ticket.state not in SETTLED or is_kept(self._db, "slack", post.external_id):
            return None
        return ticket

    def _follow_up(self, post: Post, principal: Principal, ticket: ThreadTicket, told: TicketReply) -> None:
        """What came of it is told by the ticket."""
        note = None if told.meaning is Meaning.SOLVED else post.question[:LONGEST_NOTE]
        if not told.asks:
            take_reply(self._db, principal, ticket.number, note, "slack", post.external_id)
        else:
            # Said twice after a crash, it changes nothing more, and is asked once.
            if note is None:
                confirm_ticket(self._db, principal, ticket.number)
            else:
                change_ticket(self._db, principal, ticket.number, TicketState.REOPENED, note)
            self._submit(post, principal)
        _log.info("post_settles_ticket", post=post.external_id, ticket=ticket.number, meaning=told.meaning)

    def _refuse(self, post: Post, sentence: str) -> None:
        if refuse_request(self._db, "slack", post.external_id, sentence, post.reply_to):
            _log.info("post_refused", post=post.external_id, reason=sentence)
