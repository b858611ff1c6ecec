"""Every error that the library raises has a test of its text."""

import ast
import re
from pathlib import Path

from brique import errors

SOURCE = Path(__file__).resolve().parents[1] / "src" / "brique"
TESTS = Path(__file__).resolve().parent
WINDOW = 10  # letters of a sentence that must stand in a test
LEAST = 15  # letters without which it is no sentence yet, but the beginning of one
OURS = {name for name, thing in vars(errors).items() if isinstance(thing, type)}


def fragments(node: ast.expr) -> list[str]:
    """Return the literal pieces of a string expression."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return [v.value for v in node.values if isinstance(v, ast.Constant)]
    if isinstance(node, ast.BinOp):
        return fragments(node.left) + fragments(node.right)
    return []


def sentences():
    """Yield (place, literal pieces) of every sentence given to one of our errors."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            if name in OURS:
                pieces = fragments(node.args[0])
                if sum(map(len, pieces)) >= LEAST:
                    yield f"{path.relative_to(SOURCE)}:{node.lineno}", pieces


def is_tested(pieces: list[str], text: str) -> bool:
    """Tell whether a stretch of the sentence stands in the tests."""
    for piece in pieces:
        plain = " ".join(piece.split())
        size = min(WINDOW, len(plain))
        if size >= 8 and any(plain[i : i + size] in text for i in range(len(plain) - size + 1)):
            return True
    return False


def test_every_sentence_is_tested():
    raw = "\n".join(
        path.read_text() for path in TESTS.rglob("*.py") if path != Path(__file__).resolve()
    )
    joined = re.sub(r"[\"']\s*\n\s*[rf]*[\"']", "", raw)  # a string broken over two lines
    text = " ".join(re.sub(r"\\(.)", r"\1", joined).split())
    missing = {place: pieces for place, pieces in sentences() if not is_tested(pieces, text)}
    assert missing == {}
