"""A mail is its head, its body once, and its attachments by their own format."""

from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.loading.blocks import Block, BlockKind, FileStatus, LoadedFile, Unreadable
from knowledge.loading.mail import load_eml, load_msg

REAL_FILES = Path(__file__).parents[4] / "shared" / "data" / "documents" / "files"


def load_attachment(name: str, content: bytes) -> LoadedFile:
    if name.endswith(".bin"):
        return LoadedFile(FileStatus.UNSUPPORTED, "files ending in .bin are not read")
    heading = Block(BlockKind.HEADING, "Inside", 1, "page 1")
    body = Block(BlockKind.TABLE, content.decode(errors="replace"), place="sheet Prices", rows=("A1:B1",))
    return LoadedFile(FileStatus.OK, blocks=(heading, body), hidden=("hidden in it",))


def make_mail(body: str = "The depot opens at nine.") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "Kim <kim@shop.example>", "Lee <lee@shop.example>"
    message["Subject"], message["Date"] = "Opening\u00a0hours", "Fri, 16 Dec 2022 17:04:16 -0500"
    message.set_content(body)
    return message


def load(message: EmailMessage | bytes) -> LoadedFile:
    content = message if isinstance(message, bytes) else message.as_bytes()
    return load_eml(content, load_attachment)


def shape(loaded: LoadedFile) -> list[tuple[str, str, str | None]]:
    return [(block.kind.value, block.text, block.place) for block in loaded.blocks]


HEAD = "From: Kim <kim@shop.example>\nTo: Lee <lee@shop.example>\nDate: 2022-12-16 17:04"


def test_head_and_body() -> None:
    loaded = load(make_mail())
    assert loaded.title == "Opening hours"
    assert shape(loaded) == [("paragraph", HEAD, None), ("paragraph", "The depot opens at nine.", None)]


def test_of_two_versions_the_plain_one_is_read_and_html_where_there_is_none() -> None:
    both = make_mail()
    both.add_alternative("<p>The <b>depot</b> opens at nine.</p>", subtype="html")
    only_html = make_mail()
    only_html.set_content("<p>The <b>depot</b> opens at nine.</p>", subtype="html")
    blank_plain = make_mail(" ")
    blank_plain.add_alternative("<p>The depot opens at nine.</p>", subtype="html")
    invitation = make_mail(" ")
    invitation.add_alternative("<p>The depot opens at nine.</p>", subtype="html")
    invitation.add_alternative("BEGIN:VCALENDAR", subtype="calendar")
    for message in (both, only_html, blank_plain, invitation):
        assert [block.text for block in load(message).blocks] == [HEAD, "The depot opens at nine."]


def test_text_of_another_kind_is_text() -> None:
    message = make_mail()
    message.replace_header("Content-Type", "text/x-log")
    assert load(message).blocks[1].text == "The depot opens at nine."


def test_attachments_are_read_by_their_format_or_named() -> None:
    message = make_mail()
    message.add_attachment(b"a | b", maintype="application", subtype="x", filename="prices.xlsx")
    message.add_attachment(b"\0", maintype="application", subtype="x", filename="tool.bin")
    message.add_attachment(
        b"png", maintype="image", subtype="png", cid="<logo>", disposition="inline", filename="logo.png"
    )
    loaded = load(message)
    assert shape(loaded)[2:] == [
        ("paragraph", "Attachment not read: tool.bin (files ending in .bin are not read).", None),
        ("heading", "Attachment: prices.xlsx", "attachment prices.xlsx"),
        ("heading", "Inside", "attachment prices.xlsx, page 1"),
        ("table", "a | b", "attachment prices.xlsx, sheet Prices"),
    ]
    assert [block.level for block in loaded.blocks][3:5] == [1, 2]
    assert loaded.blocks[-1].rows == ("A1:B1",)
    assert loaded.hidden == ("hidden in it",)


def test_a_mail_within_a_mail() -> None:
    inner = make_mail("Inner words.")
    inner.replace_header("Subject", "Older")
    inner.add_attachment(b"x | y", maintype="application", subtype="x", filename="deep.csv")
    outer = make_mail("See below.")
    outer.add_attachment(inner)
    texts = [(block.text, block.place) for block in load(outer).blocks][2:]
    assert texts[0] == ("Attachment: mail Older", "attachment mail Older")
    assert texts[2] == ("Inner words.", "attachment mail Older")
    assert texts[-1] == ("x | y", "attachment mail Older, attachment deep.csv, sheet Prices")


def test_mails_in_mails_and_attachments_are_bounded() -> None:
    message = make_mail("The innermost.")
    for _ in range(8):
        outer = make_mail("Around it.")
        outer.add_attachment(message)
        message = outer
    text = " ".join(block.text for block in load(message).blocks)
    assert "too deep" in text
    assert "innermost" not in text
    crowded = make_mail()
    for number in range(60):
        crowded.add_attachment(b"a | b", maintype="application", subtype="x", filename=f"{number}.csv")
    blocks = load(crowded).blocks
    assert sum(block.text.startswith("Attachment: ") for block in blocks) == 50
    assert any(block.text == "Attachment not read: 10 more (the limit is 50)." for block in blocks)


def test_an_encrypted_mail_within_a_mail_costs_itself_only() -> None:
    outer = make_mail("See below.")
    outer.add_attachment(make_mail("-----BEGIN PGP MESSAGE-----\nabc\n"))
    assert load(outer).blocks[-1].text == "Attachment not read: mail Opening hours (it is an encrypted mail)."


def pkcs7(kind: str) -> bytes:
    head = b"From: a@b.example\nSubject: x\nContent-Type: application/pkcs7-mime; smime-type="
    return (
        head
        + kind.encode()
        + b"; name=smime.p7m\nContent-Disposition: attachment; filename=smime.p7m\n\nMIAG\n"
    )


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b" \n\n", FileStatus.EMPTY),
        (b"Subject: nothing\nFrom: a@b.example\n\n  \n", FileStatus.EMPTY),
        (b"just words, no mail", FileStatus.CORRUPT),
        (pkcs7("enveloped-data"), FileStatus.ENCRYPTED),
        (b"Subject: x\n\n-----BEGIN PGP MESSAGE-----\nabc\n", FileStatus.ENCRYPTED),
        (
            b"Subject: x\nContent-Type: multipart/encrypted; boundary=f\n\n--f\n\nVersion: 1\n--f--\n",
            FileStatus.ENCRYPTED,
        ),
    ],
)
def test_what_cannot_be_read_is_told(content: bytes, status: FileStatus) -> None:
    with pytest.raises(Unreadable) as raised:
        load(content)
    assert raised.value.status is status


@pytest.mark.parametrize(
    "head",
    [
        b"Date: INVALID-DATE",
        b"Date: Fri, 99 Dec 99999 99:99:99 -0500",
        b'From: "unclosed <a@b',
        b"From: <",
        b"Content-Type: ; 2022*",
        b"From: =?utf-8?q?=FF=FE?= <a@@b>, ,;:",
        b"To: undisclosed-recipients:;,[",
        b"Content-Type: text/plain; charset=klingon",
        b'Content-Type: text/plain; charset="',
        b"Content-Disposition: attachment; filename*=utf-8''%ZZ%",
        b"Content-Transfer-Encoding: base64",
        b"Subject: \xff\xfe raw bytes",
    ],
)
def test_malformed_fields_cost_themselves_only(head: bytes) -> None:
    loaded = load(b"Message-ID: <1@x>\n" + head + b"\n\nWords of the body, still read.\n")
    assert loaded.blocks


_names = st.sampled_from(
    ["From", "To", "Date", "Subject", "Content-Type", "Content-Disposition", "Content-ID"]
)
_fields = st.tuples(_names, st.text(st.characters(exclude_characters="\r\n"), max_size=40))


@given(st.lists(_fields, max_size=6), st.binary(max_size=100))
def test_no_header_makes_it_fail(fields: list[tuple[str, str]], body: bytes) -> None:
    head = "".join(f"{name}: {value}\n" for name, value in fields).encode("utf-8", "surrogatepass")
    with suppress(Unreadable):
        assert load(b"Message-ID: <1@x>\n" + head + b"\n" + body).blocks


@pytest.mark.skipif(not REAL_FILES.is_dir(), reason="needs ../shared/data beside the repository")
def test_outlook_mails() -> None:
    loaded = load_msg((REAL_FILES / "unstructured__fake-email.msg").read_bytes(), load_attachment)
    assert loaded.title == "Test Email"
    assert "Matthew Robinson" in loaded.blocks[0].text
    assert [block.text for block in loaded.blocks][1] == "This is a test email to use for unit tests."
    with pytest.raises(Unreadable) as raised:
        load_msg((REAL_FILES / "unstructured__fake-encrypted.msg").read_bytes(), load_attachment)
    assert raised.value.status is FileStatus.ENCRYPTED


@pytest.mark.parametrize("content", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), b"just words"])
def test_what_is_no_outlook_mail_is_told(content: bytes) -> None:
    with pytest.raises(Unreadable) as raised:
        load_msg(content, load_attachment)
    assert raised.value.status is FileStatus.CORRUPT
