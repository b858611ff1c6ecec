"""The frame of every report: head, style, contents; no scripts and no external resources."""

from pathlib import Path

from brique.page import colors
from brique.page.markup import Section


def document(title: str, eyebrow: str, head: str, sections: list[Section]) -> str:
    """Return a whole page as HTML.

    title: heading. eyebrow: small text above it. head: content between it and the table of
        contents. All are HTML.
    """
    style = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    links = "".join(
        f'<li><a href="#{section.name}">{section.title}</a></li>' for section in sections
    )
    body = "".join(
        f'<section id="{section.name}" aria-labelledby="h-{section.name}">\n'
        f'<h2 id="h-{section.name}">{section.title}</h2>\n{section.html}</section>\n'
        for section in sections
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>\n:root{{{colors.variables()}}}\n{style}</style>\n"
        '</head>\n<body>\n<a class="skip" href="#content">Skip to the content</a>\n'
        f'<header>\n<p class="eyebrow">{eyebrow}</p>\n'
        f"<h1>{title}</h1>\n{head}</header>\n"
        f'<nav aria-label="Contents"><ul>{links}</ul></nav>\n'
        f'<main id="content">\n{body}</main>\n'
        "<footer><p>Made by brique. This page is a single file without scripts or external"
        " resources.</p></footer>\n</body>\n</html>\n"
    )
