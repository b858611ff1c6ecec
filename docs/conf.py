"""How the documentation is built: `make docs`; warnings are errors."""

import re

import brique

project = "brique"
author = "The brique authors"
copyright = "2026, The brique authors"
version = release = brique.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
suppress_warnings = ["misc.highlighting_failure"]  # excerpts of code that end in "..."

html_theme = "furo"
html_title = "brique"
html_copy_source = False
html_show_sphinx = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_default_options = {"members": True}
python_use_unqualified_type_names = True


def house_docstring(app, what, name, obj, options, lines):  # noqa: ANN001, ANN201 - Sphinx's hook
    """Turn the house's plain docstrings into what Sphinx reads: lines "name: text" into a list."""
    done = []
    in_list = False
    for line in lines:
        text = _marked(line) if not line.lstrip().startswith((">>>", "...")) else line
        entry = re.match(r"([a-z_][\w, -]*): (.*)", line)
        if line.lstrip().startswith(">>>") or (done and done[-1].startswith((">>>", "..."))):
            done += [""] if line.startswith(">>>") and done and done[-1] == "" else []
            done.append(line)
        elif entry and len(entry[1]) <= 40:
            done += [] if in_list else [""]
            done.append(f"- **{entry[1]}**: {_marked(entry[2])}")
            in_list = True
        elif in_list and line.startswith(" "):
            done[-1] += " " + text.strip()
        else:
            starts = re.match(r"(Returns|Raises|Yields|Source)\b", line)
            done += [""] if in_list or starts else []
            done.append(text)
            in_list = False
    lines[:] = done


def _marked(text):  # noqa: ANN001, ANN202
    """Escape what reStructuredText would read as markup; keep `code` as code."""
    parts = text.split("`")
    plain = [re.sub(r"([*|_\\])", r"\\\1", part) for part in parts[::2]]
    code = [f"``{part}``" for part in parts[1::2]]
    return "".join(p + c for p, c in zip(plain, [*code, ""], strict=False))


def setup(app):  # noqa: ANN001, ANN201
    app.connect("autodoc-process-docstring", house_docstring)
