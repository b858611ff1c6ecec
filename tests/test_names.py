"""Names that a file brings, in every place where they are shown: page, CSV, terminal."""

import csv
import os
import random
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from brique.cli import main

OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
FORMULA = re.compile(r"[=+@\t\r\n]|-(?![\d.])")
CLASSES = ["=cmd|'/C calc'!A0", "b\x1b[2J\u202ec", "<script>alert(1)</script>", "d\ne"]


class Scripts(HTMLParser):
    """Collects what a page would run, and all text of it."""

    def __init__(self) -> None:
        super().__init__()
        self.run: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.run += [tag] * (tag in ("script", "iframe", "object", "embed"))
        self.run += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def shown(path: Path) -> str:
    """Return the text of a page, on which nothing may run or steer."""
    content = path.read_text(encoding="utf-8")
    page = Scripts()
    page.feed(content)
    assert page.run == []
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", content)
    return "".join(page.texts)


def is_plain(text: str) -> bool:
    return OBEYED.search(text.replace("\n", "")) is None


def cells(path: Path) -> list[str]:
    with path.open(newline="", encoding="utf-8") as file:
        return [cell for row in csv.reader(file) for cell in row]


def asked(words: list[str], capsys: Any) -> str:
    capsys.readouterr()
    code = main(words)
    out, err = capsys.readouterr()
    assert code in (0, 1), err
    assert is_plain(out + err), [line for line in (out + err).splitlines() if not is_plain(line)]
    return out + err


def table(folder: Path) -> Path:
    draw = random.Random(0)
    rows: list[list[str]] = []
    for number in range(160):
        place = number % 4
        rows.append([CLASSES[place], f"{place + draw.gauss(0, 0.3):.3f}", f"=x{draw.randrange(3)}"])
    path = folder / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["=target\x1b[31m", "a\u202eb<b>", "@c\x07"], *rows])
    return path


def pictures(folder: Path) -> Path:
    draw = random.Random(0)
    for place, label in enumerate(["=a\x1b[2J", "b\u202e\n<b>c"]):
        (folder / label).mkdir(parents=True)
        for number in range(20):
            pixels = bytes(draw.randrange(100 * place, 100 * place + 120) for _ in range(64))
            name = os.fsdecode(b"@\xff\x1b[1m" + f"{number}.png".encode())
            Image.frombytes("L", (8, 8), pixels).save(folder / label / name, "PNG")
    return folder


@pytest.mark.parametrize("make", [table, pictures])
def test_no_name_of_a_file_steers_page_csv_or_terminal(make: Any, tmp_path: Path, capsys: Any):
    source = make(tmp_path / "x" if make is pictures else tmp_path)
    target = ["--target", "=target\x1b[31m"] if make is table else []
    found = [*target, "--csv", "found.csv", "--html", "found.html"]
    asked(["check", str(source), *found], capsys)
    asked(["train", str(source), *target, "--quick", "--out", "r"], capsys)
    asked(["predict", "r", str(source), "--csv", "a.csv"], capsys)
    asked(["evaluate", "r"], capsys)
    asked(["runs", "."], capsys)
    asked(["report", "r"], capsys)
    said = asked(["predict", "r", str(source), "--json"], capsys)
    assert said.count("\n") == said.strip().count("\n") + 1
    for path in (Path("r/report.html"), Path("found.html")):
        assert "=" in shown(path)
    for path in (Path("a.csv"), Path("found.csv")):
        assert not [cell for cell in cells(path) if FORMULA.match(cell)], path
        assert is_plain("".join(cells(path)))
    assert "'=" in "".join(cells(Path("a.csv")))
