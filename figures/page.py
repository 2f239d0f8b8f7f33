"""The reference page of the figures, printed from the tables of symbols and variants."""

from figures.formulas import VARIANTS
from figures.symbols import SYMBOLS, Scope

_SCOPES = {
    Scope.CONTACT: "queue, skill",
    Scope.ANSWERED: "queue, skill, agent",
    Scope.CALL: "–",
    Scope.PRESENCE: "agent",
}


def tables() -> str:
    """Return both tables in Markdown, as `docs/reference/kpi.md` shows them."""
    lines = ["| id | 中文 | figure | formula | unit | source |", "|---|---|---|---|---|---|"]
    for one in VARIANTS:
        text = f"`{one.text}`" + (f" ({one.sets})" if one.sets else "")
        lines.append(f"| {one.id} | {one.zh} | {one.en} | {text} | {one.unit} | {one.source} |")
    lines += ["", "| symbol | 中文 | counts | told apart by |", "|---|---|---|---|"]
    for symbol in SYMBOLS.values():
        unit = " (time)" if symbol.timed else ""
        lines.append(f"| `{symbol.id}` | {symbol.zh} | {symbol.en}{unit} | {_SCOPES[symbol.scope]} |")
    return "\n".join(lines) + "\n"
