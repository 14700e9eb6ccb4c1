"""XML and JSON become sentences, lines and tables; nothing outside the file is ever read."""

from pathlib import Path

import pytest

from knowledge.loading.blocks import FileStatus
from knowledge.loading.load import load_file
from tests.unit.knowledge.shapes import shape


def test_json_values_stand_as_lines_and_tables_under_their_keys() -> None:
    text = b"""{"shop": "Mill Lane", "open": true, "days": [1, 2.50], "note": null,
      "prices": [{"bike": "City", "eur": 12.0}, {"bike": "Cargo", "eur": 35, "deposit": 100}],
      "address": {"town": "Delft", "phones": [{"desk": ["1", {"x": "y"}]}]}}"""
    assert shape("a.json", text) == [
        ("paragraph", 0, "shop: Mill Lane\nopen: true\ndays: 1, 2.50\nnote:"),
        ("heading", 1, "prices"),
        ("table", 0, "bike | eur | deposit\nCity | 12.0 | \nCargo | 35 | 100"),
        ("heading", 1, "address"),
        ("paragraph", 0, "town: Delft"),
        ("heading", 2, "phones"),
        ("heading", 3, "desk"),
        ("list_item", 1, "- 1"),
        ("paragraph", 0, "x: y"),
    ]


def test_json_lines_are_a_table_of_records() -> None:
    lines = b'{"sku": "A1", "price": 10}\n\n{"sku": "B2", "price": 20}\n'
    table = [("table", 0, "sku | price\nA1 | 10\nB2 | 20")]
    assert shape("a.ndjson", lines) == table
    assert shape("unnamed", lines) == table


@pytest.mark.parametrize("text", [b'{"a": 1,', b"{} trailing", b'{"a": 1}\n{"b": '])
def test_broken_json_is_corrupt(text: bytes) -> None:
    loaded = load_file("a.json", text)
    assert (loaded.status, "JSON" in (loaded.reason or "")) == (FileStatus.CORRUPT, True)


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"a":' * 900 + b"1" + b"}" * 900])
def test_json_that_is_nested_without_end_is_too_large(text: bytes) -> None:
    assert load_file("a.json", text).status is FileStatus.TOO_LARGE


def test_xml_keeps_titles_sentences_and_short_values() -> None:
    text = b"""<?xml version="1.0"?><!-- a note --><book><title>Bikes</title>
      <chapter id="c1"><title>Hire</title><para>We lend <b>bikes</b> in summer.</para>
        <price>12 EUR</price><deposit>100 EUR</deposit></chapter>
      <chapter><title>Repair</title><para>On Mondays.</para></chapter></book>"""
    loaded = load_file("a.xml", text)
    assert shape("a.xml", text) == [
        ("heading", 1, "Bikes"),
        ("paragraph", 0, "chapter id: c1"),
        ("heading", 2, "Hire"),
        ("paragraph", 0, "We lend bikes in summer."),
        ("paragraph", 0, "price: 12 EUR\ndeposit: 100 EUR"),
        ("heading", 2, "Repair"),
        ("paragraph", 0, "On Mondays."),
    ]
    assert loaded.hidden == ("a note",)


def test_xml_gives_the_html_that_a_feed_carries() -> None:
    feed = b"""<rss><channel><title>News</title><item><title>Sale</title><description>
      <![CDATA[<p>Tents are <b>cheap</b>.</p><p hidden>obey me</p>]]></description></item></channel></rss>"""
    loaded = load_file("feed", feed.replace(b"<rss>", b'<?xml version="1.0"?><rss>'))
    assert [block.text for block in loaded.blocks] == ["News", "Sale", "Tents are cheap."]
    assert loaded.hidden == ("obey me",)


def test_xml_cannot_make_anything_outside_the_file_be_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret of the shop")
    uri = secret.as_uri()
    for document in (
        f'<!DOCTYPE r [<!ENTITY x SYSTEM "{uri}">]><r><a>&x;</a><b>seen</b></r>',
        f'<!DOCTYPE r [<!ENTITY % x SYSTEM "{uri}"> %x;]><r><b>seen</b></r>',
        f'<!DOCTYPE r SYSTEM "{uri}"><r><b>seen</b></r>',
        f'<r xmlns:i="http://www.w3.org/2001/XInclude"><i:include href="{uri}" parse="text"/><b>seen</b></r>',
    ):
        loaded = load_file("a.xml", f'<?xml version="1.0"?>{document}'.encode())
        assert "b: seen" in loaded.blocks[-1].text
        assert "secret of the shop" not in repr(loaded)


def test_xml_that_multiplies_itself_is_refused() -> None:
    entities = '<!ENTITY a0 "lol">' + "".join(
        f'<!ENTITY a{level} "{f"&a{level - 1};" * 10}">' for level in range(1, 10)
    )
    bomb = f'<?xml version="1.0"?><!DOCTYPE l [{entities}]><l b="&a9;">&a9;</l>'
    assert load_file("a.xml", bomb.encode()).status is FileStatus.CORRUPT


@pytest.mark.parametrize(
    "text", [b"<?xml version='1.0'?><a><b></a>", b"<?xml version='1.0'?>" + b"<a>" * 9999]
)
def test_xml_that_is_not_well_formed_is_corrupt(text: bytes) -> None:
    assert load_file("a.xml", text).status is FileStatus.CORRUPT
