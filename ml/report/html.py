"""The few pieces of HTML that report and film sheet are made of. Text is escaped here, and only here."""

from html import escape
from pathlib import Path

STYLE = Path(__file__).with_name("style.css")


class Markup(str):
    """HTML that is safe as it stands."""


def text(value) -> str:
    return value if isinstance(value, Markup) else escape(str(value))


def document(title: str, *parts: str, foot: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title>\n<style>\n{STYLE.read_text(encoding='utf-8')}</style></head>\n"
        f"<body>{''.join(parts)}\n<footer><p>{text(foot)}</p></footer></body></html>\n"
    )


def section(heading: str, *parts: str) -> Markup:
    return Markup(f"\n<section><h2>{text(heading)}</h2>\n{''.join(parts)}</section>")


def say(sentence, kind: str = "quiet") -> Markup:
    return Markup(f'<p class="{kind}">{text(sentence)}</p>')


def table(head: list, rows: list[list], caption: str, words: bool = False) -> Markup:
    """The first cell of each row is its heading. words: cells hold words and stand to the left."""
    top = "".join(f'<th scope="col">{text(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{text(first)}</th>{"".join(_cell(cell) for cell in rest)}</tr>' for first, *rest in rows
    )
    kind = ' class="words"' if words else ""
    return Markup(
        f'<div class="wide"><table{kind}><caption>{text(caption)}</caption>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(cell) -> str:
    return cell if isinstance(cell, Cell) else f"<td>{text(cell)}</td>"


class Cell(Markup):
    """A whole <td> with a class of its own."""

    def __new__(cls, kind: str, value):
        return super().__new__(cls, f'<td class="{kind}">{text(value)}</td>')


def folded(summary: str, inside: str) -> Markup:
    return Markup(f"<details><summary>{text(summary)}</summary>{inside}</details>")


def figure(drawing: str, caption: str) -> Markup:
    return Markup(f"<figure><figcaption>{text(caption)}</figcaption>{drawing}</figure>")


def pair(*parts: str) -> Markup:
    return Markup(f'<div class="pair">{"".join(parts)}</div>')


def facts(pairs: list[tuple]) -> Markup:
    return Markup(f"<dl>{''.join(f'<dt>{text(key)}</dt><dd>{text(value)}</dd>' for key, value in pairs)}</dl>")


def bullets(items: list) -> Markup:
    return Markup(f"<ul>{''.join(f'<li>{text(item)}</li>' for item in items)}</ul>")


def rated(rate: dict | None, digits: int = 3) -> Markup:
    """A value with its interval: 0.953, 0.941 to 0.962 in small."""
    if rate is None or rate["value"] is None:
        return Markup("none")
    low, high = (f"{end:.{digits}f}" for end in rate["interval"])
    return Markup(f"{rate['value']:.{digits}f} <small>{low} to {high}</small>")
