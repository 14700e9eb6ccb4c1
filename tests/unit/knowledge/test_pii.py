"""Personal data found by its form, and ordinary company text left alone. All values are made up: the ranges
for examples of mail, phone, card and account numbers."""

import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from knowledge.loading.load import load_file
from knowledge.pii.detector import OVERLAP_CHARS, WINDOW_CHARS, PatternDetector, without_overlaps
from knowledge.pii.names import names_by
from knowledge.pii.port import PiiDetector, PiiKind, PiiSpan
from knowledge.pii.presidio import open_detector, open_pattern_detector

LARKSPUR = Path(__file__).parents[3] / "examples" / "larkspur" / "documents"


@pytest.fixture(scope="module")
def detector() -> PiiDetector:
    return open_pattern_detector()


def found(detector: PiiDetector, text: str) -> list[tuple[PiiKind, str]]:
    return [(span.kind, text[span.start : span.end]) for span in detector.find(text)]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (PiiKind.EMAIL, "jane.doe+lists@example.com"),
        (PiiKind.EMAIL, "it-desk@shop.internal"),
        (PiiKind.EMAIL, "jürgen@bücher.example"),
        (PiiKind.CREDIT_CARD, "4111 1111 1111 1111"),
        (PiiKind.CREDIT_CARD, "4111-1111-1111-1111"),
        (PiiKind.CREDIT_CARD, "5555555555554444"),
        (PiiKind.CREDIT_CARD, "3782 822463 10005"),
        (PiiKind.CREDIT_CARD, "30569309025904"),
        (PiiKind.CREDIT_CARD, "6304000000000000018"),
        (PiiKind.IBAN, "DE89370400440532013000"),
        (PiiKind.IBAN, "GB82 WEST 1234 5698 7654 32"),
        (PiiKind.IBAN, "fr1420041010050500013m02606"),
        (PiiKind.SSN, "536-22-1234"),
        (PiiKind.SSN, "536 22 1234"),
        (PiiKind.IP_ADDRESS, "203.0.113.77"),
        (PiiKind.IP_ADDRESS, "2001:db8::8a2e:370:7334"),
        (PiiKind.CRYPTO_WALLET, "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"),
        (PiiKind.PHONE, "+44 7700 900123"),
        (PiiKind.PHONE, "+41 (0)44 555 01 72"),
        (PiiKind.PHONE, "0043 1 2345678"),
        (PiiKind.PHONE, "202-555-0147"),
        (PiiKind.PHONE, "(202) 555-0147"),
        (PiiKind.PHONE, "202.555.0147 ext. 12"),
        (PiiKind.PHONE, "1-800-555-0199 x 123"),
        (PiiKind.PHONE, "(03) 5550 1234"),
        (PiiKind.PHONE, "8 (495) 555-01-23"),
        (PiiKind.PHONE, "01.99.00.12.34"),
        (PiiKind.PHONE, "0489 19 41 92"),
        (PiiKind.PHONE, "0171/5550123"),
        (PiiKind.PHONE, "28-64-55-01"),
    ],
)
def test_a_value_is_found_whole_by_its_form_alone(detector: PiiDetector, kind: PiiKind, value: str) -> None:
    for text in (value, f"It was {value}.", f"({value})", f"one\n{value}\ntwo", f"a;{value};b"):
        assert found(detector, text) == [(kind, value)], text


@pytest.mark.parametrize("number", ["451 5986", "555-0147", "72 128 827", "51 516 33 75", "2025550147"])
def test_a_bare_number_is_a_phone_where_words_say_so(detector: PiiDetector, number: str) -> None:
    for text in (f"Phone: {number}", f"Call me at {number}, please.", f"They do not answer at {number}"):
        assert found(detector, text) == [(PiiKind.PHONE, number)], text
    assert found(detector, f"It came to {number} in the end.") == []


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Her social security number is 536221234.", PiiKind.SSN, "536221234"),
        ("Passport 123456789", PiiKind.GOVERNMENT_ID, "123456789"),
        ("His NHS number is 943 476 5919.", PiiKind.GOVERNMENT_ID, "943 476 5919"),
        ("Driver's license: F1234567", PiiKind.GOVERNMENT_ID, "F1234567"),
        ("card number 1234 5678 9012 3456", PiiKind.CREDIT_CARD, "1234 5678 9012 3456"),
    ],
)
def test_a_weak_form_needs_its_word(detector: PiiDetector, text: str, kind: PiiKind, value: str) -> None:
    assert found(detector, text) == [(kind, value)]
    assert (kind, value) not in found(detector, f"It is {value}.")


@pytest.mark.parametrize(
    "text",
    [
        "Order RC-207 was sent on 2026-03-14 for 12,500.00 EUR.",
        "Open 9:00-17:30, Sat 10:00-16:00. Call before 14.11.2026 or 2026-11-14 09:30.",
        "The client is at version 1.2.3.4; v10.15.7.1 is old, 2.31.0-beta4 is not.",
        "Ticket 451 5986 is closed. Invoice no. 0123 456789. Order number 4500123456.",
        "Revenue was 12 500 000 EUR in 2026 with 1 250 000 units and 516 466 638 in all.",
        "We called 12 500 customers. The office has 250 000 visitors. Contact: 3 500 000 EUR.",
        "EAN 4006381333931 and 5012345678900; a gift card has EAN 4006381333931",
        "2024-2026, 1998-2004, 2026/27, 31.12.2026 23:59, 03/04/2026 10:15, call on 2026-11-14 9-12",
        "from -12.5 to 30.25, about 3.14159265, 1,234,567.89 USD or $1 250 000.50",
        "phone orders rose from 1 200 to 1 450 in 2026; calls in 2025-2026; 10-12 2026",
        "id 019a2f3c-7d1e-7c40-8123-123456789012, commit 9f3c01ab12345678, build 20261114093000",
        "SKU 1234-5678-90, part no 12-345-678, room 204, extension 4417, bays 12-14-16",
        "ISBN 978-3-16-148410-0, section 4.1.2.3, a 10/20/30/40 split, 1 2 3 4 5 6 7 8 9",
        "timestamps 1700000000 and 1700000000000, port 8080, ISO 27001:2022",
        "grew by +10 000 000 units, +12,5 %, +3 500 000 EUR; reach 2 500 000 by 2027",
        "@handle, user@localhost, crewdesk@1.2.3, a @ b, @@, me@@you.example",
        "As of today (2013/05/21) you call help?answer=176376.",
        "Ratings (2024) 1234 stars",
        "2024 2025 2026\n10 20 30 40\n12 500 000\n",
    ],
)
def test_ordinary_company_text_is_left_alone(detector: PiiDetector, text: str) -> None:
    assert found(detector, text) == []


def test_in_the_sample_documents_only_mail_addresses_are_found(detector: PiiDetector) -> None:
    files = [path for path in LARKSPUR.rglob("*") if path.is_file() and path.name != "_meta.yaml"]
    texts = ["\n\n".join(b.text for b in load_file(path.name, path.read_bytes()).blocks) for path in files]
    values = [value for text in texts for value in found(detector, text)]
    assert len(files) == 37
    assert values
    assert all(kind is PiiKind.EMAIL and mail.endswith("@larkspur.example") for kind, mail in values)


def test_values_are_found_wherever_the_windows_cut(detector: PiiDetector) -> None:
    value = "jane.doe@example.com"
    for before in range(WINDOW_CHARS - OVERLAP_CHARS - 30, WINDOW_CHARS + 30, 7):
        for filling in ("word ", "-"):
            text = (filling * before)[:before] + f" {value} " + "word " * 200
            assert found(detector, text) == [(PiiKind.EMAIL, value)], (before, filling)


@pytest.mark.parametrize(
    "text", ["1234567890", "@", "a@", "a.", "x@a.", "::", "a:", "(1", "+1 ", "1-", "DE89 ", "3aB", "0 "]
)
def test_hostile_text_ends(detector: PiiDetector, text: str) -> None:
    """The test's own time limit is what fails here, not a clock."""
    detector.find((text * 100_000)[:100_000])


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("0123456789 +-().@:/xaé,\n#") | st.characters(), max_size=200))
def test_spans_lie_in_the_text_in_order_and_apart(text: str) -> None:
    end = 0
    for span in open_pattern_detector().find(text):
        assert end <= span.start < span.end <= len(text)
        assert 0 < span.score <= 1
        end = span.end


# Every shape is looked for because of these, which stand far enough away to change nothing else.
FORMS = "10.0.0.1 DE89 12 34 56 78 900-70-0000 4000000004 400-000-0004 1" + "A" * 30
ALL_TRACES = "\n" + ". " * 200 + "\n" + FORMS
CUES = ["call", "ssn", "itin", "nhs", "national insurance", "updated"]


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(CUES),
    st.text(alphabet="0123456789 +-().:/\u00a0x\n", max_size=30)
    | st.text(alphabet="0123456789abDE: -%", max_size=40)
    | st.from_regex(r"\A[A-Za-z]{2}\d{2}([ -]?[A-Z0-9]{4}){2,6}\Z", fullmatch=True)
    | st.from_regex(r"\A\(?\d{1,3}\)?[ .-]{0,2}\d{3}[ .-]?\d{0,3}\Z", fullmatch=True)
    | st.from_regex(r"\A[49]?\d{2,3}[- .]?\d\d\d?[- .]?\d{4}\Z", fullmatch=True)
    | st.from_regex(r"\A[A-CEGHJ]{2} ?\d\d ?\d\d ?\d\d ?[A-D]\Z", fullmatch=True)
    | st.from_regex(r"\A(bc1|BC1|1|3)[a-km-zA-HJ-NP-Z0-9]{24,34}\Z", fullmatch=True)
    | st.dates().map(str)
    | st.ip_addresses().map(str),
)
@example("ssn", "536221234")
@example("itin", "912702345")
@example("nhs", "9434765919")
@example("national insurance", "AB123456C")
@example("updated", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq")
def test_a_text_without_a_trace_of_a_form_has_none_of_it(cue: str, text: str) -> None:
    text = f"{cue} {text}"
    looked_for = [span for span in open_pattern_detector().find(text + ALL_TRACES) if span.end <= len(text)]
    assert open_pattern_detector().find(text) == looked_for


@pytest.mark.parametrize(
    "drawn", ["83333218-bd91-41b7-b03e-dca7e2dcaa37", "23208544-f8a3-5a1d-9996-4812255d4c4a"]
)
def test_an_id_that_a_program_drew_is_no_number_of_anybody(detector: PiiDetector, drawn: str) -> None:
    assert found(detector, f'{{"phone": "{drawn}"}}') == []
    assert found(detector, f"call {drawn} or +44 7700 900123") == [(PiiKind.PHONE, "+44 7700 900123")]


def test_of_two_equal_findings_the_same_one_wins_every_time() -> None:
    equal = [PiiSpan(kind, 0, 9, 0.8) for kind in (PiiKind.SSN, PiiKind.GOVERNMENT_ID)]
    assert without_overlaps(equal) == without_overlaps(reversed(equal))


def test_the_surest_finding_wins_then_the_longest() -> None:
    phone, card = PiiSpan(PiiKind.PHONE, 0, 20, 0.5), PiiSpan(PiiKind.CREDIT_CARD, 5, 24, 1.0)
    short, long = PiiSpan(PiiKind.EMAIL, 30, 35, 0.5), PiiSpan(PiiKind.SSN, 33, 44, 0.5)
    assert without_overlaps([long, phone, short, card]) == [card, long]


def test_names_come_from_a_language_model_and_numbers_from_their_form(detector: PiiDetector) -> None:
    pipeline = spacy.blank("en")
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns(  # type: ignore[attr-defined]
        [
            {"label": "PERSON", "pattern": "Jane Doe"},
            {"label": "GPE", "pattern": "Bern"},
            {"label": "PERSON", "pattern": "202"},
        ]
    )
    with_names = PatternDetector((detector.find, names_by(pipeline)))
    assert found(with_names, "Jane Doe of Bern: 202-555-0147") == [
        (PiiKind.PERSON, "Jane Doe"),
        (PiiKind.LOCATION, "Bern"),
        (PiiKind.PHONE, "202-555-0147"),
    ]


def test_the_detector_is_opened_once() -> None:
    assert open_detector() is open_detector()
    assert open_pattern_detector() is open_pattern_detector()


def test_opening_it_loads_no_language_engine_and_leaves_none_hollow() -> None:
    script = (
        "import sys; from knowledge.pii.presidio import open_pattern_detector\n"
        "assert 'presidio_analyzer' not in sys.modules\n"
        "assert open_pattern_detector().find('ask jane@example.com')\n"
        "print(sorted({'spacy', 'torch', 'transformers'} & set(sys.modules)))\n"
        "print([name for name in sys.modules if name.startswith('presidio_analyzer.nlp_engine')])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split("\n") == ["[]", "[]", ""]
