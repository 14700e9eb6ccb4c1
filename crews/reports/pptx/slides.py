"""The slides of a deck: title, running foot, text and notes, each within its box."""

from collections.abc import Sequence
from dataclasses import dataclass

from pptx.dml.color import RGBColor
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.presentation import Presentation
from pptx.shapes.autoshape import Shape
from pptx.slide import Slide
from pptx.text.text import TextFrame, _Paragraph
from pptx.util import Emu, Pt

from crews.reports.pptx.measure import Item, fit_line, fitting_size
from crews.reports.theme import ACCENT, INK, NAVY, PALE

FONT = "Calibri"
WIDTH, HEIGHT = 960, 540
MARGIN = 44
TEXT_WIDTH = WIDTH - 2 * MARGIN
BODY_TOP, BODY_BOTTOM = 118, 500
_TITLE_ONLY = 5
_TITLE_TOP, _TITLE_HEIGHT = 42, 62
_TITLE_SIZES = (26, 24, 22, 20, 18, 16, 14)
_TITLE_LINES = 3


@dataclass(frozen=True, slots=True)
class Box:
    """In points."""

    left: float
    top: float
    width: float
    height: float


BODY = Box(MARGIN, BODY_TOP, TEXT_WIDTH, BODY_BOTTOM - BODY_TOP)


def colour(code: str) -> RGBColor:
    return RGBColor(*bytes.fromhex(code.lstrip("#")))


def add_slide(deck: Presentation, kicker: str, title: str) -> Slide:
    """With its section above and its message as its title."""
    slide: Slide = deck.slides.add_slide(deck.slide_layouts[_TITLE_ONLY])
    shape = slide.shapes.title
    assert shape is not None
    place(shape, Box(MARGIN, _TITLE_TOP, TEXT_WIDTH, _TITLE_HEIGHT))
    size = fitting_size(title, TEXT_WIDTH * 0.94, _TITLE_HEIGHT, _TITLE_SIZES)
    frame = plain_frame(shape.text_frame, MSO_ANCHOR.MIDDLE)
    write(
        frame.paragraphs[0],
        fit_line(title, TEXT_WIDTH * 0.94, size, _TITLE_LINES),
        size,
        NAVY,
        bold=True,
    )
    if kicker:
        words = fit_line(kicker, TEXT_WIDTH, 12)
        add_text(slide, Box(MARGIN, 24, TEXT_WIDTH, 18), words, 12, ACCENT, bold=True)
    return slide


def number_slides(deck: Presentation, foot: str) -> None:
    """The running foot of all but the first, once their number is known."""
    slides = list(deck.slides)
    for number, slide in enumerate(slides[1:], start=2):
        box = Box(MARGIN, 512, TEXT_WIDTH - 80, 16)
        add_text(slide, box, fit_line(foot, TEXT_WIDTH - 80, 9), 9, PALE)
        page = add_text(slide, Box(WIDTH - MARGIN - 80, 512, 80, 16), f"{number} of {len(slides)}", 9, PALE)
        page.paragraphs[0].alignment = PP_ALIGN.RIGHT


def add_text(slide: Slide, box: Box, text: str, size: float, shade: str, *, bold: bool = False) -> TextFrame:
    frame = add_frame(slide, box)
    write(frame.paragraphs[0], text, size, shade, bold=bold)
    return frame


def add_frame(slide: Slide, box: Box) -> TextFrame:
    shape = slide.shapes.add_textbox(*(_emu(side) for side in (box.left, box.top, box.width, box.height)))
    return plain_frame(shape.text_frame, MSO_ANCHOR.TOP)


def add_rectangle(slide: Slide, box: Box, fill: str) -> Shape:
    shape = slide.shapes.add_shape(
        MSO_SHAPE.RECTANGLE, *(_emu(side) for side in (box.left, box.top, box.width, box.height))
    )
    shape.fill.solid()
    shape.fill.fore_color.rgb = colour(fill)
    shape.line.fill.background()
    # Its style would give it a shadow.
    style = shape._element.find(qn("p:style"))
    if style is not None:
        shape._element.remove(style)
    return shape


def add_items(slide: Slide, box: Box, items: Sequence[Item]) -> None:
    frame = add_frame(slide, box)
    for at, item in enumerate(items):
        paragraph = frame.paragraphs[0] if at == 0 else frame.add_paragraph()
        paragraph.space_after = Pt(item.gap)
        shade = PALE if item.is_quiet else INK
        write(paragraph, item.text, item.size, shade, italic=item.is_quote)
        if item.marks:
            run = paragraph.add_run()
            run.text = item.marks
            run.font.size, run.font.color.rgb, run.font.name = Pt(item.size * 0.62), colour(ACCENT), FONT
        if item.is_bullet:
            _bullet(paragraph, item.size)


def add_notes(slide: Slide, lines: Sequence[str]) -> None:
    frame = slide.notes_slide.notes_text_frame
    assert frame is not None
    frame.text = "\n".join(line.replace("\n", "\v") for line in lines)


def write(
    paragraph: _Paragraph, text: str, size: float, shade: str, *, bold: bool = False, italic: bool = False
) -> None:
    run = paragraph.add_run()
    run.text = text.replace("\n", " ")
    run.font.name, run.font.size, run.font.bold, run.font.italic = FONT, Pt(size), bold, italic
    run.font.color.rgb = colour(shade)


def place(shape: Shape, box: Box) -> None:
    shape.left, shape.top, shape.width, shape.height = (
        _emu(side) for side in (box.left, box.top, box.width, box.height)
    )


def plain_frame(frame: TextFrame, anchor: MSO_ANCHOR) -> TextFrame:
    frame.word_wrap = True
    frame.auto_size = MSO_AUTO_SIZE.NONE
    frame.vertical_anchor = anchor
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = Emu(0)
    frame.paragraphs[0].alignment = PP_ALIGN.LEFT
    return frame


def _bullet(paragraph: _Paragraph, size: float) -> None:
    properties = paragraph._p.get_or_add_pPr()
    hang = int(Pt(size * 1.1))
    properties.set("marL", str(hang))
    properties.set("indent", str(-hang))
    bullet = properties.makeelement(qn("a:buChar"), {"char": "•"})
    properties.append(bullet)


def _emu(points: float) -> Emu:
    return Emu(int(Pt(points)))
