"""Turns the Markdown sources in `larkspur_sources/` into the PDF and DOCX files of the sample workspace.

The same sources and `_meta.yaml` give the same bytes, so a rebuilt file differs only when its text does. Run
`python examples/build_larkspur.py` after editing a source. It needs `pip install reportlab python-docx`;
reportlab serves this script alone, the rest (python-docx, markdown-it-py, PyYAML) comes with Crewdesk.
"""

import datetime
import html
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from markdown_it import MarkdownIt
from markdown_it.token import Token
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import cm
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Table, TableStyle
from reportlab.platypus import Paragraph as PdfParagraph

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "larkspur_sources"
DOCUMENTS = HERE / "larkspur" / "documents"

COMPANY = "Larkspur Outfitters"
GREEN, GREY, PALE = "1F4D3A", "5B665F", "EEF3EF"
MARGIN = 2.3 * cm
TEXT_WIDTH = A4[0] - 2 * MARGIN
ZIP_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one style: plain, strong, em or code."""

    text: str
    style: str = "plain"


Text = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One heading, paragraph, list item or table; `marker` is a bullet or "1.", `rows` a table's cells."""

    kind: str
    text: Text = ()
    level: int = 0
    marker: str = ""
    rows: tuple[tuple[Text, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a finished file says about itself outside its text."""

    title: str
    letterhead: str
    owner: str
    classification: str
    updated: datetime.date

    @property
    def byline(self) -> str:
        updated = f"{self.updated.day} {self.updated:%B %Y}"
        return f"{self.classification.capitalize()} · Owner: {self.owner} · Updated {updated}"


def read_runs(inline: Token) -> Text:
    style, runs = "plain", []
    for child in inline.children or []:
        if child.type in ("strong_open", "em_open"):
            style = child.type.removesuffix("_open")
        elif child.type in ("strong_close", "em_close"):
            style = "plain"
        elif child.type == "softbreak":
            runs.append(Run(" ", style))
        else:
            runs.append(Run(child.content, "code" if child.type == "code_inline" else style))
    return tuple(runs)


def read_table(tokens: Iterator[Token]) -> Block:
    rows: list[tuple[Text, ...]] = []
    cells: list[Text] = []
    for token in tokens:
        if token.type == "table_close":
            break
        if token.type == "inline":
            cells.append(read_runs(token))
        elif token.type == "tr_close":
            rows.append(tuple(cells))
            cells = []
    return Block("table", rows=tuple(rows))


def read_blocks(markdown: str) -> list[Block]:
    """The blocks of a source in reading order; lists are flat."""
    blocks: list[Block] = []
    tokens = iter(MarkdownIt().enable("table").parse(markdown))
    level, number, marker = 0, 0, ""
    for token in tokens:
        if token.type == "table_open":
            blocks.append(read_table(tokens))
        elif token.type == "heading_open":
            level = int(token.tag[1])
        elif token.type in ("ordered_list_open", "bullet_list_open"):
            number = 0
        elif token.type == "list_item_open":
            number += 1
            marker = f"{number}." if token.markup == "." else "•"
        elif token.type == "list_item_close":
            marker = ""
        elif token.type == "inline":
            kind = "heading" if level else "item" if marker else "paragraph"
            blocks.append(Block(kind, read_runs(token), level, marker))
            level = 0
    return blocks


def read_sheet(source: Path, front: dict[str, Any]) -> Sheet:
    """Title, owner and dates come from the folder's `_meta.yaml`, which the product reads too."""
    folder = yaml.safe_load((DOCUMENTS / source.parent.name / "_meta.yaml").read_text("utf-8"))
    meta = folder["defaults"] | folder["files"][source.stem]
    letterhead = front.get("letterhead", COMPANY)
    return Sheet(meta["title"], letterhead, meta["owner"], meta["classification"], meta["updated"])


def read_source(source: Path) -> tuple[Sheet, list[Block]]:
    text, front = source.read_text("utf-8"), {}
    if text.startswith("---\n"):
        _, head, text = text.split("---\n", 2)
        front = yaml.safe_load(head)
    return read_sheet(source, front), read_blocks(text)


PDF_TAGS = {"strong": "<b>{}</b>", "em": "<i>{}</i>", "code": '<font name="Courier">{}</font>', "plain": "{}"}
BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=10, leading=14.5, spaceAfter=6)
ITEM = ParagraphStyle("item", BODY, leftIndent=16, bulletIndent=3, spaceAfter=3)
BYLINE = ParagraphStyle("byline", BODY, fontSize=8.5, textColor=HexColor(f"#{GREY}"), spaceAfter=12)
CELL = ParagraphStyle("cell", BODY, fontSize=9, leading=12, spaceAfter=0)
HEAD_CELL = ParagraphStyle("head", CELL, fontName="Helvetica-Bold", textColor=HexColor("#FFFFFF"))
HEADING = ParagraphStyle(
    "heading", fontName="Helvetica-Bold", textColor=HexColor(f"#{GREEN}"), spaceAfter=4, keepWithNext=1
)
HEADINGS = {
    1: ParagraphStyle("h1", HEADING, fontSize=22, leading=27),
    2: ParagraphStyle("h2", HEADING, fontSize=14, leading=17.5, spaceBefore=12),
    3: ParagraphStyle("h3", HEADING, fontSize=11.5, leading=14.5, spaceBefore=8),
}


def pdf_markup(text: Text) -> str:
    return "".join(PDF_TAGS[run.style].format(html.escape(run.text, quote=False)) for run in text)


def plain(text: Text) -> str:
    return "".join(run.text for run in text)


def pdf_table(block: Block) -> Table:
    """Columns share the width by their longest cell, none narrower than a seventh of the widest."""
    longest = [max(len(plain(cell)) for cell in column) for column in zip(*block.rows, strict=True)]
    weights = [max(length, max(longest) / 7, 9) for length in longest]
    cells = [
        [PdfParagraph(pdf_markup(cell), CELL if index else HEAD_CELL) for cell in row]
        for index, row in enumerate(block.rows)
    ]
    look = TableStyle(
        [
            ("BACKGROUND", (0, 0), (-1, 0), HexColor(f"#{GREEN}")),
            ("ROWBACKGROUNDS", (0, 1), (-1, -1), [HexColor("#FFFFFF"), HexColor(f"#{PALE}")]),
            ("LINEBELOW", (0, 1), (-1, -1), 0.4, HexColor("#C9D3CC")),
            ("NOSPLIT", (0, 0), (-1, -1)),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("TOPPADDING", (0, 0), (-1, -1), 4),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
        ]
    )
    widths = [TEXT_WIDTH * weight / sum(weights) for weight in weights]
    return Table(cells, widths, style=look, spaceBefore=4, spaceAfter=10, hAlign="LEFT")


class WholeParagraph(PdfParagraph):  # type: ignore[misc]  # reportlab ships no types
    """Moves to the next page whole, so that the footer cannot land in the middle of a sentence."""

    def split(self, width: float, height: float) -> list[Any]:
        return []


class OutlinedPdf(BaseDocTemplate):  # type: ignore[misc]  # reportlab ships no types
    """Adds each heading to the PDF's outline as reportlab places it."""

    def afterFlowable(self, flowable: Any) -> None:  # noqa: N802 - reportlab calls it by this name
        style = getattr(flowable, "style", None)
        if not isinstance(style, ParagraphStyle) or style.name not in ("h1", "h2", "h3"):
            return
        key = f"heading-{self.seq.nextf('heading')}"
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(flowable.getPlainText(), key, int(style.name[1]) - 1)


def write_pdf(sheet: Sheet, blocks: list[Block], target: Path) -> None:
    def draw_frame(canvas: Any, document: Any) -> None:
        canvas.setFillColor(HexColor(f"#{GREEN}"))
        canvas.rect(0, A4[1] - 0.45 * cm, A4[0], 0.45 * cm, stroke=0, fill=1)
        canvas.setFont("Helvetica", 8)
        canvas.setFillColor(HexColor(f"#{GREY}"))
        canvas.drawString(MARGIN, 1.3 * cm, f"{sheet.letterhead} · {sheet.title} · Page {document.page}")

    document = OutlinedPdf(
        str(target), pagesize=A4, invariant=1, lang="en-GB", title=sheet.title,
        author=sheet.letterhead, creator="Crewdesk sample workspace", producer="reportlab",
    )  # fmt: skip
    frame = Frame(MARGIN, 2 * cm, TEXT_WIDTH, A4[1] - 4.4 * cm, leftPadding=0, rightPadding=0)
    # Drawn at the page's end, so that the footer follows the page's text when somebody extracts it.
    document.addPageTemplates(PageTemplate("page", [frame], onPageEnd=draw_frame))
    document.build(list(pdf_story(sheet, blocks)))


def pdf_story(sheet: Sheet, blocks: list[Block]) -> Iterator[Any]:
    for block in blocks:
        if block.kind == "table":
            yield pdf_table(block)
        elif block.kind == "item":
            yield WholeParagraph(pdf_markup(block.text), ITEM, bulletText=block.marker)
        elif block.kind == "paragraph":
            yield WholeParagraph(pdf_markup(block.text), BODY)
        else:
            yield WholeParagraph(pdf_markup(block.text), HEADINGS[block.level])
            if block.level == 1:
                yield WholeParagraph(html.escape(sheet.byline), BYLINE)


def style_docx(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.3)
    section.top_margin = section.bottom_margin = Cm(2.2)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", Pt(11)
    normal.paragraph_format.space_after = Pt(6)
    for level, size in ((1, 24), (2, 15), (3, 12)):
        heading = document.styles[f"Heading {level}"]
        heading.font.name, heading.font.size = "Calibri", Pt(size)
        heading.font.color.rgb = RGBColor.from_string(GREEN)
        # The template's headings name theme fonts, which win over font.name while they are there.
        fonts = heading.element.rPr.rFonts
        for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{name}"), None)


def add_runs(paragraph: Any, text: Text, *, bold: bool = False) -> None:
    for run in text:
        added = paragraph.add_run(run.text)
        added.bold = True if bold or run.style == "strong" else None
        added.italic = True if run.style == "em" else None
        if run.style == "code":
            added.font.name = "Consolas"


def shade(cell: Any, colour: str) -> None:
    shading = OxmlElement("w:shd")
    shading.set(qn("w:val"), "clear")
    shading.set(qn("w:fill"), colour)
    cell._tc.get_or_add_tcPr().append(shading)


def add_table(document: Any, block: Block) -> None:
    table = document.add_table(len(block.rows), len(block.rows[0]), style="Table Grid")
    for index, row in enumerate(block.rows):
        for cell, text in zip(table.rows[index].cells, row, strict=True):
            add_runs(cell.paragraphs[0], text, bold=index == 0)
            cell.paragraphs[0].paragraph_format.space_after = Pt(2)
            if index == 0:
                shade(cell, "DCE7DF")
    document.add_paragraph().paragraph_format.space_after = Pt(2)


def add_footer(document: Any, sheet: Sheet) -> None:
    document.sections[0].header.paragraphs[0].text = sheet.letterhead
    footer = document.sections[0].footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    footer.add_run(f"{sheet.title} · page ")
    page = OxmlElement("w:fldSimple")
    page.set(qn("w:instr"), "PAGE")
    footer._p.append(page)


def write_docx(sheet: Sheet, blocks: list[Block], target: Path) -> None:
    document = Document()
    style_docx(document)
    add_footer(document, sheet)
    for block in blocks:
        if block.kind == "table":
            add_table(document, block)
        elif block.kind == "item":
            # Word numbers all "List Number" paragraphs of a file as one list: one numbered list a source.
            style = "List Bullet" if block.marker == "•" else "List Number"
            add_runs(document.add_paragraph(style=style), block.text)
        elif block.kind == "paragraph":
            add_runs(document.add_paragraph(), block.text)
        else:
            add_runs(document.add_heading(level=block.level), block.text)
            if block.level == 1:
                document.add_paragraph().add_run(sheet.byline).italic = True
    describe_docx(document.core_properties, sheet)
    packed = io.BytesIO()
    document.save(packed)
    target.write_bytes(with_fixed_dates(packed.getvalue()))


def describe_docx(properties: Any, sheet: Sheet) -> None:
    properties.title, properties.comments = sheet.title, ""
    properties.author = properties.last_modified_by = sheet.letterhead
    properties.created = properties.modified = datetime.datetime.combine(sheet.updated, datetime.time())


def with_fixed_dates(package: bytes) -> bytes:
    """The same zip with one date on every member; python-docx stamps them with the time of the build."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name, ZIP_DATE), old.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()


WRITERS: dict[str, Callable[[Sheet, list[Block], Path], None]] = {".pdf": write_pdf, ".docx": write_docx}


def main() -> None:
    for source in sorted(SOURCES.rglob("*.md")):
        target = DOCUMENTS / source.parent.name / source.stem
        sheet, blocks = read_source(source)
        WRITERS[target.suffix](sheet, blocks, target)
        print(f"{target.relative_to(HERE)}  {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
