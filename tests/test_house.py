"""The rules of the house: what code may not do, who alone may, what is public, how long it is."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[1]
SOURCE = HOUSE / "src" / "brique"
FILES = sorted(SOURCE.rglob("*.py"))
TREES = {path.relative_to(SOURCE).as_posix(): ast.parse(path.read_text()) for path in FILES}
RECIPES = sorted(SOURCE.glob("recipes/[!_]*/[!_]*.py"))
LIKE_RECIPES = [*RECIPES, *sorted(SOURCE.glob("tasks/*/train*.py"))]

# (file, call): why it does not write
HARMLESS = {
    ("console.py", "os.open"): "opens the null device, for an output that nobody reads",
    ("game/move.py", ".save"): "keeps buffers in memory",
    ("interrupts.py", ".save"): "calls the callback that the run handed in",
    ("page/thumbnails.py", ".save"): "Pillow encodes a picture into memory",
    ("run/image_grid.py", ".save"): "Pillow encodes a PNG into memory",
    ("run/log.py", ".truncate"): "files.truncate",
    ("run/progress.py", "shutil"): "imported for the line below",
    ("run/progress.py", "shutil.get_terminal_size"): "asks how wide the terminal is",
    ("run/run.py", ".save"): "outcome.FinalModel.save, which writes through files.py",
    ("run/storage.py", ".truncate"): "run.log.Log.truncate, which writes through files.py",
    ("tasks/segment/predict.py", ".save"): "Pillow encodes a mask into memory",
}

PUBLIC = {
    "bricks": {"ResidualBlock", "Standardize", "Temperature", "gradient_error"},
    "cli": {"main", "main_with"},
    "data": {"Augment", "Batch", "Data", "Finding", "Nothing", "Options", "Ragged", "Split"}
    | {"Stream", "align_schema", "arrays", "collate", "nothing", "open", "prepare_inputs"}
    | {"worlds"},
    "draw": {"Panel", "graph", "heatmap", "tree"},
    "game": {"Game", "Player", "Turn", "cosine", "gradient", "linear", "steps", "warmup"},
    "nets": {"BUILDERS", "autoencoder", "autoencoder_arguments", "builder", "built_by"}
    | {"detector", "detector_arguments", "fields", "forecaster", "generator", "residual"}
    | {"residual_arguments", "squeezenet", "tagger", "translator", "unet", "unet_arguments"},
    "page": {"write", "write_audit"},
    "run": {"Launch", "Record", "Run", "add_seconds", "launched", "list_runs", "read_run"},
    "schema": {"Boxes", "Category", "Field", "Mask", "Number", "Picture", "Schema", "Signal"}
    | {"Tags", "Text", "Timestamp", "Tree", "IGNORE_INDEX", "MISSING", "OTHER"}
    | {"convert_pixels", "natural_key", "picture_orientation", "picture_shape", "read_picture"},
    "evaluation": set(),
    "planning": {"EVALUATIONS", "Request", "TRAINING_SHARE", "average_decay"}
    | {"multiplications", "seconds_per_turn", "shorten"},
    "tasks": {"accuracy", "eval_mode"},
    "transfer": {"Pretrained", "expected_input", "load_pretrained", "parameter_groups"}
    | {"resolve_source"},
    "workbench": set(),
}
VERBS = {"check", "evaluate", "load", "predict", "report", "resume", "train", "tune"}


def dotted(node: ast.expr) -> str:
    """Return "a.b.c" for names and attributes of names; ".c" for attributes of anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before and before[0] != "." else f".{node.attr}"
    return ""


def calls(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    return [(dotted(n.func), n) for n in ast.walk(tree) if isinstance(n, ast.Call)]


def imported(tree: ast.AST) -> set[str]:
    """Return every module that is imported, and every module.name."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


# What nobody may do

FORBIDDEN_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal"}
FORBIDDEN_MODULES |= {"shelve", "subprocess", "pty", "ctypes"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "torch.load", "torch.save", "os.system", "os.popen"}
FORBIDDEN_CALLS |= {"torch.hub.load", "torch.jit.load", "runpy.run_path", "os.execv"}


def offences(tree: ast.AST) -> list[str]:
    """Name what in a module could run code that is read from a file."""
    found = [m for m in imported(tree) if m.split(".")[0] in FORBIDDEN_MODULES]
    found += [m for m in imported(tree) if m in FORBIDDEN_CALLS]
    for name, call in calls(tree):
        found += [name] if name in FORBIDDEN_CALLS else []
        found += [k.arg for k in call.keywords if k.arg == "allow_pickle"]
    return found


def test_no_file_runs_code_that_it_reads():
    found = {name: offences(tree) for name, tree in TREES.items()}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from joblib import load",
        "from torch import load",
        "eval('1')",
        "exec(text)",
        "torch.load(path)",
        "np.load(path, allow_pickle=True)",
        "os.system('ls')",
    ],
)
def test_the_search_finds_what_runs_code(code):
    assert offences(ast.parse(code))


def test_the_search_lets_harmless_names_pass():
    assert not offences(ast.parse("net.eval(); spec.loader.exec_module(m); ast.literal_eval(x)"))


# What one module alone may do

WRITERS = {"mkdir", "makedirs", "touch", "unlink", "rmdir", "rename", "renames", "truncate"}
WRITERS |= {"write_text", "write_bytes", "symlink_to", "hardlink_to", "save", "savez", "savetxt"}
WRITERS |= {"save_file", "tofile", "to_csv", "to_parquet", "mkstemp", "mkdtemp"}
WRITING_OS = {"open", "remove", "unlink", "rename", "replace", "mkdir", "makedirs", "rmdir"}
WRITING_OS |= {"symlink", "link", "truncate", "chmod", "mkfifo", "removedirs"}


def writes(tree: ast.AST) -> list[str]:
    """Name the calls in a module that could change the disk."""
    found: list[str] = []
    for name, call in calls(tree):
        before, _, last = name.rpartition(".")
        is_method = "." in name
        if before == "shutil" or (before == "os" and last in WRITING_OS):
            found.append(name)
        elif is_method and last in WRITERS:
            found.append(f".{last}")
        elif last == "replace" and is_method and len(call.args) == 1 and not call.keywords:
            found.append(".replace")  # Path.replace takes one argument, str.replace two
        elif last in ("open", "fdopen") and _opens_to_write(call, place=0 if is_method else 1):
            found.append(name)
    modules = {"shutil", "tempfile", "safetensors.torch.save_file"}
    return found + sorted(imported(tree) & modules)


def _opens_to_write(call: ast.Call, *, place: int) -> bool:
    given = [k.value for k in call.keywords if k.arg == "mode"] + call.args[place : place + 1]
    given += call.args[1:2]  # gzip.open(path, mode)
    modes = [node.value for node in given if isinstance(node, ast.Constant)]
    words = [mode for mode in modes if isinstance(mode, str) and re.fullmatch("[rwaxbt+]+", mode)]
    return any(set(mode) & set("wax+") for mode in words)


def test_only_files_writes():
    found = {
        (name, call) for name, tree in TREES.items() for call in writes(tree) if name != "files.py"
    }
    assert found == set(HARMLESS)


@pytest.mark.parametrize(
    "code",
    [
        "open(path, 'w')",
        "open(path, mode='xb')",
        "path.open('r+')",
        "gzip.open(path, 'ab')",
        "path.write_text('x')",
        "path.replace(other)",
        "path.mkdir(parents=True)",
        "os.remove(path)",
        "shutil.rmtree(path)",
        "torch.save(x, path)",
        "image.save(path)",
        "from safetensors.torch import save_file",
        "import tempfile",
    ],
)
def test_the_search_finds_what_writes(code):
    assert writes(ast.parse(code))


def test_the_search_lets_reading_pass():
    code = (
        "open(p); open(p, 'rb'); p.open('rb'); t.replace('a', 'b'); replace(k, mean=1); h.remove()"
    )
    assert not writes(ast.parse(code))


def test_files_is_found_writing():
    assert len(set(writes(TREES["files.py"]))) > 5


def dynamic(tree: ast.AST) -> set[str]:
    """Name the calls in a module that import or execute by a name that is computed."""
    known = {"import_module", "__import__", "exec_module", "spec_from_file_location", "load_module"}
    return {name.rpartition(".")[2] for name, _ in calls(tree)} & known


def test_only_the_catalog_imports_by_a_name_from_outside():
    found = {name: dynamic(tree) for name, tree in TREES.items() if dynamic(tree)}
    # __init__.py imports rooms and verbs lazily, by the names in its own two tables
    assert set(found) == {"catalog.py", "__init__.py"}
    assert found["__init__.py"] == {"import_module"}


def test_the_catalog_imports_from_two_places_only():
    starts: list[str] = []
    for name, call in calls(TREES["catalog.py"]):
        if name.endswith("import_module"):
            text = call.args[0]
            if isinstance(text, ast.Constant):
                assert text.value == "brique.tasks.table"  # which stands above the catalog
                continue
            assert isinstance(text, ast.JoinedStr)
            first = text.values[0]
            assert isinstance(first, ast.Constant)
            starts.append(str(first.value))
    assert sorted(starts) == ["brique.recipes.", "brique.tasks."]


# What is public


def test_import_is_cheap():
    heavy = "{'torch', 'numpy', 'sklearn', 'PIL', 'cyclopts', 'rich', 'safetensors'}"
    code = f"import sys, brique; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def exported(package: str) -> set[str]:
    """Return the public names that a package's __init__ makes or re-exports."""
    found: set[str] = set()
    tree = TREES[f"{package}/__init__.py"]
    lazy = [node.body for node in tree.body if isinstance(node, ast.If)]  # under TYPE_CHECKING
    for node in [*tree.body, *(inner for body in lazy for inner in body)]:
        if isinstance(node, ast.ImportFrom):
            found |= {a.asname for a in node.names if a.asname and a.asname == a.name}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.Assign):
            found |= {goal.id for goal in node.targets if isinstance(goal, ast.Name)}
    return {name for name in found if not name.startswith("_")}


def test_packages_are_all_listed():
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert packages == {*PUBLIC, "recipes"}


@pytest.mark.parametrize("package", PUBLIC)
def test_public_names_are_these(package):
    assert exported(package) == PUBLIC[package]


def test_verbs_are_these_and_resolve():
    import brique

    rooms = {path.stem for path in SOURCE.glob("[!_]*.py")} | set(PUBLIC)
    assert set(dir(brique)) == {"__version__"} | VERBS | rooms
    assert all(callable(getattr(brique, verb)) for verb in VERBS)


def test_every_public_name_has_a_page():
    pages = (HOUSE / "docs" / "api.md").read_text()
    names = [f"brique.{room}.{name}" for room, public in PUBLIC.items() for name in public]
    names += [f"brique.{verb}" for verb in VERBS]
    assert [name for name in names if not re.search(rf"{re.escape(name)}\b", pages)] == []


# How long things may be


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its docstring: saying more is never punished."""
    says = ast.get_docstring(function, clean=False)
    assert function.end_lineno is not None
    return function.end_lineno - function.lineno + 1 - (len(says.splitlines()) if says else 0)


def test_no_module_has_over_400_lines():
    long = {p.relative_to(SOURCE).as_posix(): len(p.read_text().splitlines()) for p in FILES}
    assert {name: lines for name, lines in long.items() if lines > 400} == {}


def test_no_function_has_over_40_lines():
    limits = {path.relative_to(SOURCE).as_posix(): {"main": 50} for path in LIKE_RECIPES}
    long = {
        f"{name}: {function.name}": length(function)
        for name, tree in TREES.items()
        for function in functions(tree)
        if length(function) > limits.get(name, {}).get(function.name, 40)
    }
    assert long == {}


def test_no_function_takes_over_five_positional_arguments():
    many: dict[str, int] = {}
    for name, tree in TREES.items():
        for function in functions(tree):
            given = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
            count = len([arg for arg in given if arg not in ("self", "cls")])
            if count > 5:
                many[f"{name}: {function.name}"] = count
    assert many == {}


# What is kept in the repository


def tracked() -> list[Path]:
    """Return the files that git keeps, or would; all of them outside a clone."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, check=False)
    names = done.stdout.split("\0") if done.returncode == 0 else []
    paths = [HOUSE / name for name in names if name]
    if not paths:
        folders = [HOUSE / name for name in ("src", "tests", "docs", "benchmarks")]
        paths = [path for folder in folders for path in folder.rglob("*")]
        paths = [path for path in paths if not {"_build", "__pycache__"} & set(path.parts)]
    return [path for path in paths if path.is_file()]


def test_no_path_of_a_machine_and_no_address_of_a_registry():
    # each is put together here, so that this file does not hold it
    homes = "|".join("/" + name + "/" for name in ("home", "root", "work", "Users"))
    hosts = "|".join(
        ("py" + r"pi\.org", "pythonhosted" + r"\.org", "index-" + "url", "artifact" + "ory")
    )
    wrong = re.compile(f"(?:^|[^A-Za-z0-9_.*<>-])({homes})|({hosts})", re.MULTILINE)
    found: list[str] = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for place in wrong.finditer(text):
            line = text.count("\n", 0, place.start(place.lastindex or 0)) + 1
            found.append(f"{path.relative_to(HOUSE)}:{line}: {place[0].strip()}")
    assert found == []


def test_every_task_has_the_same_files_and_a_line_in_the_table():
    files = {
        "loss",
        "metrics",
        "baselines",
        "evaluate",
        "predict",
        "page",
        "plan",
        "train",
        "summary",
        "task",
    }
    folders = [path for path in (SOURCE / "tasks").iterdir() if (path / "__init__.py").is_file()]
    assert len(folders) >= 10
    for folder in folders:
        assert files <= {path.stem for path in folder.glob("*.py")}, folder.name
    table = (SOURCE / "tasks" / "table.py").read_text()
    assert all(f"brique.tasks.{folder.name}.task import" in table for folder in folders)


def test_every_benchmark_finds_what_it_imports():
    code = (
        "import importlib, pathlib, sys\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).glob('*.py')):\n"
        "    importlib.import_module(path.stem)\n"
    )
    command = [sys.executable, "-c", code, str(HOUSE / "benchmarks")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_every_path_of_the_tour_exists():
    readme = (HOUSE / "README.md").read_text()
    tour = re.search(r"^## A tour.*?(?=^## )", readme, re.MULTILINE | re.DOTALL)
    assert tour is not None, "README.md has no section '## A tour ...'"
    paths = re.findall(r"^\d+\. `([^`]+)`", tour[0], re.MULTILINE)
    assert len(paths) == 8
    assert [path for path in paths if not (HOUSE / path).exists()] == []
