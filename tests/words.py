"""Words that brique does not use: python tests/words.py [PATH ...] lists where they stand.

Private words have a word of the field instead. Each stands here with its inflections:

- NEVER: nowhere in names, messages, help, docstrings, reports or docs;
- NAMES: plain English that is fine in a sentence, but says nothing as the whole name of a thing;
- PHRASES: in sentences, only these uses of a plain word are out.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROSE = ("README.md", "CONTRIBUTING.md", "docs/*.md", "docs/**/*.md")
CODE = ("src/**/*.py",)
PAGES = ("src/**/*.css", "src/**/*.html")

NEVER = {
    "slope slopes": "gradient",
    "forger forgers": "generator",
    "foretell foretells foretold foretelling": "forecast",
    "judge judges judged judging": "evaluate, metrics, result",
    "oftener": "more often",
    "readily": "more often, easily",
    "rightly": "correctly",
    "reckoned reckon reckons": "computed, estimated",
    "unrest": "scale",
    "regime": "isolation",
    "retold retell": "aligned",
    "likeness nearness shingles echoes": "similarity, near-duplicates, minhash",
    "unjudged": "without the test part",
    "dealt dealing": "assigned, stratified assignment",
    "wishes": "request",
    "pitches ripples": "mel bands, periodic embedding",
    "cheaply dearly dearer": "at low cost, more expensive",
    "whither wherein whereof thereof": "where, of it",
}
NAMES = {
    "said says told tells asked shown spelled": "message, description, options ... by what it holds",
    "truth wanted": "target",
    "missed unrest": "error, scale",
    "caught fooled": "discriminator, generator",
    "look looks": "evaluation",
    "moment moments": "time step, timestamp",
    "spread spreads": "std",
    "begun made wishes": "request, prepared, launch",
    "seat shelf feed": "player state, shared values, stream adapter",
    "hand dealt": "stratified assignment",
    "gathered listed hints opened instants": "what they hold",
    "ahead": "horizon",
    "lost": "loss",
    "worth surprise walker": "TD target, TD error, agent",
}
PHRASES = {
    r"named rightly|right on test|taken for\b": "accuracy, correct, predicted as",
    r"step lengths?|largest step|first step length": "learning rate",
    r"at rest\b": "in eval mode",
    r"features of the first stage|features of a stage": "channels",
    r"is said\b|are said\b|was said\b|is told\b|are told\b": "an active verb with its subject",
    r"\bof which\b|\bby which\b|\bwith which\b|\bthose that\b|\bthose which\b": "the noun itself",
    r"\bwhat is no\b|\bwhich is none\b|\bare none of\b": "a plain sentence",
    r"\bpulls? of every weight\b": "weight decay",
    r"\ba look at valid|looks at valid|looks of valid": "evaluation on the validation part",
    r"cannot be told apart|can be told apart": "indistinguishable, distinguishable",
    r"\bspreads? of (the|a|its) (target|column|values)": "standard deviation",
    r"the next \d+ moments|moments (of|in) a series|moments ahead": "time steps",
    r"\bwithout slopes?\b": "no gradient",
}

DRAWS = {"slope of the light"}  # names of draws, which decide the bits of generated data


def names(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the names that a file defines, with their lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


def sentences(path: Path) -> Iterator[tuple[int, str]]:
    """Yield what a file says: the texts of code, the lines of others; comments are left out."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield from enumerate(text.splitlines(), 1)
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for number, line in enumerate(node.value.splitlines()):
                yield node.lineno + number, line


def hits(path: Path) -> Iterator[str]:
    """Yield where a file uses a word that is out, with the word to write instead."""
    never = {word: instead for key, instead in NEVER.items() for word in key.split()}
    anywhere = {*never, "said", "told", "asked", "wanted", "looks", "unrest"}  # also in a compound
    banned = never | {word: instead for key, instead in NAMES.items() for word in key.split()}
    if path.suffix == ".py":
        for line, name in names(path):
            parts = [part.lower() for part in re.split(r"_|(?<=[a-z])(?=[A-Z])", name) if part]
            for part in parts:
                if part in anywhere or (part in banned and len(parts) == 1):
                    yield f"{path}:{line}: the name {name}: {banned[part]}"
        if path.stem in banned:
            yield f"{path}: the file's name: {banned[path.stem]}"
    for line, text in sentences(path):
        if text in DRAWS:
            continue
        for word in re.findall(r"[A-Za-z]+", text):
            if word.lower() in never:
                yield f"{path}:{line}: {word}: {never[word.lower()]}"
        for phrase, instead in PHRASES.items():
            if found := re.search(phrase, text, re.IGNORECASE):
                yield f"{path}:{line}: '{found[0]}': {instead}"


def files() -> list[Path]:
    """Return all files that are read."""
    found = {path for pattern in (*PROSE, *CODE, *PAGES) for path in ROOT.glob(pattern)}
    return sorted(path for path in found if "log.md" not in path.name)


if __name__ == "__main__":
    given = [Path(word) for word in sys.argv[1:]] or files()
    paths = [
        path for one in given for path in (sorted(one.rglob("*.*")) if one.is_dir() else [one])
    ]
    found = [hit for path in paths if path.suffix in (".py", ".md", ".css") for hit in hits(path)]
    print(*found, f"{len(found)} hits", sep="\n")
    sys.exit(bool(found))
