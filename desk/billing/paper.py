"""A reckoned bill on paper: a PDF with readings, lines, sum, causes and the rules it follows."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from importlib.resources import as_file, files

from fpdf import FPDF
from fpdf.fonts import FontFace

from desk.billing import explained, rule_words
from desk.billing.arrears import Owed
from desk.billing.explanation import Explained
from desk.billing.reckoning import Reckoned
from desk.billing.step_words import REGISTERS, Language, name, plain, shown, unit
from desk.billing.steps import Step
from desk.billing.supply import Register

FONT = "Noto Sans SC"
FONT_FILE = ("pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf")
"""SIL Open Font License 1.1; the package is pinned and hash-checked like any other."""
SMALL, PLAIN, LARGE = 8, 10, 16
SHADED = FontFace(fill_color=(235, 235, 235))
LINE = 6
"""Height of a line in mm."""
_WORDS = {
    "title": ("电费账单", "Electricity bill"),
    "account": ("户号", "Account"),
    "period": ("账期", "Period"),
    "made": ("打印日期", "Printed"),
    "readings": ("抄表信息", "Readings"),
    "columns": (
        ("计量点", "示数类型", "上期表码", "本期表码", "倍率"),
        ("Point", "Register", "Last reading", "This reading", "Multiplier"),
    ),
    "lines": ("电费明细", "Lines"),
    "line_columns": (("项目", "计算", "金额（元）"), ("Line", "Reckoned", "Yuan")),
    "causes": ("与上月比较", "Beside the month before"),
    "causes_year": ("与去年同月比较", "Beside the same month of last year"),
    "owed": ("截至 {day} 还应缴", "Still to be paid as of {day}"),
    "sources": ("依据", "Sources"),
    "differs": ("与已出账单不一致：", "Not as issued: "),
}


def pdf(found: Explained, *, site: str, language: Language, today: date) -> bytes:
    """Return a bill as a PDF of A4 pages; `site` is whose bill it is. Takes about a second: not for the event loop.

    Raises BillRefused when there is no bill.
    """
    if found.bill is None:
        assert found.refused is not None
        raise found.refused
    paper = _Paper(language)
    bill = found.bill
    paper.head(bill, site, today)
    paper.readings(bill)
    paper.lines(bill)
    for key, change in (("causes", found.last_month), ("causes_year", found.last_year)):
        if change is not None:
            paper.grid(
                paper.word(key), ((name(one, language), shown(one)) for one in (change.change, *change.causes)), (3, 1)
            )
    if found.owed and found.issued and (found.owed.fee or found.issued.booked):
        paper.grid(paper.word("owed").format(day=today), still_open(found.owed, language), (3, 4, 2), summed=True)
    for one in found.differences:
        paper.small(f"{paper.word('differs')}{one.what} {one.reckoned} ≠ {one.issued}")
    paper.small(f"{paper.word('sources')}: {'; '.join(sources(bill, language))}")
    return bytes(paper.output())


def sources(bill: Reckoned, language: Language) -> list[str]:
    """Return the papers and rules that a bill follows, each once, in the order in which they come."""
    found: dict[str, None] = {}
    seen: set[int] = set()

    def look(step: Step) -> None:
        if id(step) in seen:
            return
        seen.add(id(step))
        if step.source and step.key != "charge.adjustment":
            found.setdefault(rule_words.source(step.source, english=language == "en"))
        for one in step.inputs:
            look(one)

    look(bill.amount)
    return list(found)


def still_open(found: Owed, language: Language) -> list[Sequence[str]]:
    """Return the rows of a bill with what was booked on it, the late fee, and, last, what is open."""
    fee = found.fee
    fees = () if fee is None else fee.inputs if fee.key == "owed.fee" else (fee,)
    steps = (*(found.principal.inputs or (found.principal,)), *fees)
    told = ((one, one.source if one.key.startswith("booking.") else "") for one in steps)
    rows = [(name(one, language), note, format(one.value, ".2f")) for one, note in told]
    return [*rows, (name(found.total, language), "", format(found.total.value, ".2f"))]


class _Paper(FPDF):
    """A page with our font, in one language."""

    def __init__(self, language: Language) -> None:
        super().__init__(format="A4")
        self._language: Language = language
        self.set_auto_page_break(auto=True, margin=15)
        with as_file(files(FONT_FILE[0]) / FONT_FILE[1]) as file:
            self.add_font(FONT, "", str(file))
        self.add_page()
        self.set_font(FONT, size=PLAIN)

    def word(self, key: str) -> str:
        text = _WORDS[key][self._language == "en"]
        assert isinstance(text, str)
        return text

    def columns(self, key: str) -> Sequence[str]:
        return _WORDS[key][self._language == "en"]

    def row_of_text(self, text: str, size: int = PLAIN, align: str = "L") -> None:
        self.set_font(FONT, size=size)
        self.multi_cell(0, LINE * size / PLAIN, text, align=align, new_x="LMARGIN", new_y="NEXT")
        self.set_font(FONT, size=PLAIN)

    def head(self, bill: Reckoned, site: str, today: date) -> None:
        supply = bill.supply
        self.row_of_text(f"{site} · {self.word('title')}", LARGE, "C")
        self.row_of_text(
            f"{self.word('account')} {supply.account}    {self.word('period')} {supply.period:%Y-%m} "
            f"({supply.since} – {supply.until - timedelta(days=1)})    {self.word('made')} {today}"
        )
        total = f"{shown(bill.amount)} {unit(bill.amount, self._language)}"
        used = f"{plain(bill.used.value)} {unit(bill.used, self._language)}"
        self.row_of_text(f"{name(bill.amount, self._language)}  {total}    {used}", LARGE - 2)

    def readings(self, bill: Reckoned) -> None:
        rows: list[Sequence[str]] = [self.columns("columns")]
        for point in bill.supply.points:
            for meter in (point.meter, point.meter.removed if point.meter else None):
                if meter is None:
                    continue
                ratio = plain((meter.pt or 1) * (meter.ct or 1))  # type: ignore[arg-type]
                rows += [
                    (meter.id, self._register(dial.register), plain(dial.before), plain(dial.after), ratio)
                    for dial in meter.dials
                ]
        if len(rows) > 1:
            self.grid(self.word("readings"), rows, (2, 2, 2, 2, 1), headed=True, figures=3)

    def _register(self, register: Register) -> str:
        parts = {"sharp": "尖", "peak": "峰", "flat": "平", "valley": "谷", "demand": "最大需量"}
        if self._language == "en":
            return register.value.replace("_", " ")
        return parts.get(register.value) or REGISTERS[register.value][0]

    def lines(self, bill: Reckoned) -> None:
        rows: list[Sequence[str]] = [self.columns("line_columns")]
        rows += [(row.name, row.reckoning or row.source, row.value) for row in explained.lines(bill, self._language)]
        rows.append((name(bill.amount, self._language), "", shown(bill.amount)))
        self.grid(self.word("lines"), rows, (3, 4, 2), headed=True, summed=True)

    def grid(
        self,
        title: str,
        rows: Iterable[Sequence[str]],
        widths: tuple[int, ...],
        *,
        headed: bool = False,
        figures: int = 1,
        summed: bool = False,
    ) -> None:
        """A table with its title; the last `figures` columns stand to the right, `summed`: the last row is the sum."""
        told = list(rows)
        title_and_two_rows = LINE * 4
        if self.will_page_break(title_and_two_rows):
            self.add_page()
        self.ln(LINE / 2)
        self.row_of_text(title)
        with self.table(
            col_widths=widths,
            line_height=LINE,
            first_row_as_headings=headed,
            headings_style=SHADED,
            text_align=("LEFT",) * (len(widths) - figures) + ("RIGHT",) * figures,
        ) as table:
            for at, cells in enumerate(told):
                row = table.row(style=SHADED if summed and at == len(told) - 1 else None)
                for cell in cells:
                    row.cell(cell)

    def small(self, text: str) -> None:
        self.ln(LINE / 2)
        self.row_of_text(text, SMALL)
