"""Word files give what a reader sees, in order, and tell apart what Word hides."""

import io

import docx
import pytest
from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.text.paragraph import Paragraph

from knowledge.loading.blocks import FileStatus, LoadedFile, Unreadable
from knowledge.loading.docx import load_docx
from tests.unit.knowledge.shop import make_docx

MATH = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'


def load(document: Document) -> LoadedFile:
    buffer = io.BytesIO()
    document.save(buffer)
    return load_docx(buffer.getvalue())


def texts(document: Document) -> list[str]:
    return [block.text for block in load(document).blocks]


def append(paragraph: Paragraph, xml: str) -> None:
    paragraph._p.append(parse_xml(xml))


def number(paragraph: Paragraph, list_id: int, depth: int) -> None:
    properties = paragraph._p.get_or_add_pPr()
    properties.append(
        parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{depth}"/><w:numId w:val="{list_id}"/></w:numPr>')
    )


def define_clauses(document: Document, list_id: int) -> None:
    """Clauses numbered 1., 1.1, (a)."""
    levels = (("decimal", "%1."), ("decimal", "%1.%2"), ("lowerLetter", "(%3)"))
    shapes = "".join(
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/>'
        "</w:lvl>"
        for depth, (form, text) in enumerate(levels)
    )
    root = document.part.numbering_part.element
    root.append(parse_xml(f'<w:abstractNum {nsdecls("w")} w:abstractNumId="90">{shapes}</w:abstractNum>'))
    root.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="{list_id}"><w:abstractNumId w:val="90"/></w:num>'))


def test_clauses_carry_the_numbers_word_shows() -> None:
    document = docx.Document()
    define_clauses(document, 77)
    for text, depth in (
        ("Scope", 0),
        ("Who", 1),
        ("staff", 2),
        ("guests", 2),
        ("When", 1),
        ("Costs", 0),
        ("Cap", 1),
    ):
        number(document.add_paragraph(text), 77, depth)
    heading = document.add_heading("Annex", level=1)
    number(heading, 77, 0)
    loaded = load(document)
    assert [(block.text, block.level) for block in loaded.blocks] == [
        ("1. Scope", 1),
        ("1.1 Who", 2),
        ("(a) staff", 3),
        ("(b) guests", 3),
        ("1.2 When", 2),
        ("2. Costs", 1),
        ("2.1 Cap", 2),
        ("3. Annex", 1),
    ]
    assert loaded.blocks[-1].kind == "heading"


def test_bullets_by_style() -> None:
    document = docx.Document()
    document.add_paragraph("A card", style="List Bullet")
    assert texts(document) == ["- A card"]


def test_what_word_hides_is_hidden_text() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Seen")
    run = paragraph.add_run(" and not seen")
    run.font.hidden = True
    tiny = document.add_paragraph().add_run("too small to read")
    tiny.font.size = docx.shared.Pt(1)
    styled = document.styles.add_style("Secret", docx.enum.style.WD_STYLE_TYPE.PARAGRAPH)
    styled.font.hidden = True
    document.add_paragraph("by its style", style="Secret")
    loaded = load(document)
    assert [block.text for block in loaded.blocks] == ["Seen"]
    assert loaded.hidden == ("and not seen", "too small to read", "by its style")


def test_text_boxes_footnotes_and_formulas_stand_where_a_reader_meets_them() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Before ")
    append(
        paragraph,
        f"<m:oMath {MATH}><m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num>"
        "<m:den><m:r><m:t>2</m:t></m:r></m:den></m:f></m:oMath>",
    )
    append(
        paragraph,
        f"<w:r {nsdecls('w')}><w:pict><w:txbxContent><w:p><w:r><w:t>In a box</w:t></w:r></w:p>"
        "</w:txbxContent></w:pict></w:r>",
    )
    document.add_paragraph("After")
    assert texts(document) == ["Before (a+b)/2", "In a box", "After"]


def test_content_controls_and_tracked_changes() -> None:
    document = docx.Document()
    document.element.body.insert(
        0,
        parse_xml(
            f"<w:sdt {nsdecls('w')}><w:sdtPr/><w:sdtContent><w:p><w:r><w:t>In a form</w:t></w:r></w:p>"
            "</w:sdtContent></w:sdt>"
        ),
    )
    paragraph = document.add_paragraph("Kept")
    append(paragraph, f"<w:ins {nsdecls('w')}><w:r><w:t> added</w:t></w:r></w:ins>")
    append(paragraph, f"<w:del {nsdecls('w')}><w:r><w:delText> gone</w:delText></w:r></w:del>")
    append(paragraph, f"<w:del {nsdecls('w')}><w:r><w:br/></w:r></w:del>")
    append(paragraph, f"<w:moveFrom {nsdecls('w')}><w:r><w:t> moved</w:t></w:r></w:moveFrom>")
    append(paragraph, f"<w:r {nsdecls('w')}><w:t> on</w:t></w:r>")
    assert texts(document) == ["In a form", "Kept added on"]


def test_a_text_box_kept_in_two_versions_is_read_once() -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>In a box</w:t></w:r></w:p></w:txbxContent>"
    document = docx.Document()
    append(
        document.add_paragraph("Before"),
        f'<w:r {nsdecls("w")} xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
        "</mc:AlternateContent></w:r>",
    )
    assert texts(document) == ["Before", "In a box"]


def test_merged_cells_lists_in_cells_and_layout_tables() -> None:
    document = docx.Document()
    table = document.add_table(rows=2, cols=2)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "Prices"
    table.cell(1, 0).text = "Bike"
    cell = table.cell(1, 1)
    cell.text = "with:"
    cell.add_paragraph("lock", style="List Bullet")
    box = document.add_table(rows=1, cols=1)
    box.cell(0, 0).text = "One column is layout."
    assert [(block.kind.value, block.text) for block in load(document).blocks] == [
        ("table", "Prices\nBike | with: - lock"),
        ("paragraph", "One column is layout."),
    ]


def test_tables_with_controls_and_merges_that_begin_nowhere() -> None:
    document = docx.Document()
    table = document.add_table(rows=2, cols=2)
    for index, text in enumerate(("Bike", "Price", "City", "12 EUR")):
        table.cell(index // 2, index % 2).text = text
    row = table.rows[1]._tr
    control = parse_xml(f"<w:sdt {nsdecls('w')}><w:sdtContent/></w:sdt>")
    row.addprevious(control)
    control[0].append(row)
    table.cell(0, 1)._tc.get_or_add_tcPr().append(parse_xml(f"<w:vMerge {nsdecls('w')}/>"))
    assert texts(document) == ["Bike | Price\nCity | 12 EUR"]


@pytest.mark.parametrize(("stated", "title"), [("Bike hire rules", "Bike hire rules"), ("Document1", None)])
def test_the_title_a_person_gave(stated: str, title: str | None) -> None:
    document = docx.Document()
    document.core_properties.title = stated
    document.add_paragraph("Text")
    assert load(document).title == title


def test_a_table_of_contents_is_left_out() -> None:
    document = docx.Document()
    document.styles.add_style("toc 1", docx.enum.style.WD_STYLE_TYPE.PARAGRAPH)
    document.add_paragraph("Prices ... 4", style="toc 1")
    document.add_heading("Prices", level=1)
    assert texts(document) == ["Prices"]


def test_footnotes_follow_their_paragraph() -> None:
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part

    document = docx.Document()
    xml = (
        f'<w:footnotes {nsdecls("w")}><w:footnote w:id="2"><w:p><w:r><w:t>Except on Mondays.</w:t></w:r>'
        "</w:p></w:footnote></w:footnotes>"
    )
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    part = Part(PackURI("/word/footnotes.xml"), kind, xml.encode(), document.part.package)
    document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    paragraph = document.add_paragraph("Open daily.")
    append(paragraph, f'<w:r {nsdecls("w")}><w:footnoteReference w:id="2"/></w:r>')
    document.add_paragraph("Next.")
    assert texts(document) == ["Open daily.", "Footnote: Except on Mondays.", "Next."]


def test_another_office_file_is_no_word_file() -> None:
    with pytest.raises(Unreadable) as raised:
        load_docx(make_docx().replace(b"word/", b"xxxx/"))
    assert raised.value.status is FileStatus.CORRUPT


def test_a_style_that_builds_on_itself_ends() -> None:
    document = docx.Document()
    style = document.styles.add_style("Loop", docx.enum.style.WD_STYLE_TYPE.PARAGRAPH)
    style.element.append(parse_xml(f'<w:basedOn {nsdecls("w")} w:val="{style.style_id}"/>'))
    document.add_paragraph("Text", style="Loop")
    assert style.element.find(qn("w:basedOn")) is not None
    assert texts(document) == ["Text"]
