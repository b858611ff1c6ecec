"""Input that a new user may well give: one sentence, exit code 2, nothing written."""

import json
import shutil

import pytest
import torch

import brique
from brique import catalog, files, reader
from brique.cli import main
from brique.errors import RunError
from brique.run import read_run


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return the folder of a quick run on digits."""
    torch.set_num_threads(1)
    return brique.train("digits", quick=True, out=tmp_path_factory.mktemp("runs") / "digits")


@pytest.fixture
def stopped(finished, tmp_path):
    """Return a copy of that run that says it was stopped."""
    folder = tmp_path / "stopped"
    shutil.copytree(finished, folder)
    change(folder, state="stopped")
    return folder


def change(folder, **values):
    record = json.loads((folder / "run.json").read_text()) | values
    files.write_json(folder / "run.json", record | {"checksum": reader.checksum(record)})


def refused(capsys, *words):
    """Run a command that must be refused, and return the sentence that says why."""
    capsys.readouterr()
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert err.startswith("brique: ")
    assert err.count("\n") == 1
    return err.removeprefix("brique: ").rstrip()


def everything(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_data_that_do_not_exist(capsys, tmp_path):
    assert "did you mean 'digits'?" in refused(capsys, "train", "dogits")
    (tmp_path / "photos").mkdir()
    assert "did you mean 'photos'?" in refused(capsys, "train", "fotos")
    assert everything(tmp_path) == ["photos"]


def test_an_empty_folder(capsys, tmp_path):
    (tmp_path / "photos").mkdir()
    assert refused(capsys, "train", "photos") == "photos: is an empty folder; check the path"
    assert everything(tmp_path) == ["photos"]


def test_data_that_train_does_not_take_yet(capsys, tmp_path):
    trees = tmp_path / "trees.txt"
    trees.write_text("".join(f"({i % 2} ({i % 3} one{i}) (1 two))\n" for i in range(40)))
    sentence = "no net reads 'tree', a tree such as this; leave it out with --types 'tree=leave'"
    assert sentence in refused(capsys, "train", trees, "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("verb", ["predict", "evaluate", "resume", "copy"])
def test_a_folder_that_is_no_run(capsys, tmp_path, verb):
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.png").write_bytes(b"")
    more = {"predict": ["a.png"], "copy": ["b.py"]}.get(verb, [])
    assert "empty: n" in refused(capsys, verb, "empty", *more)  # not a run, neither a run nor ...
    assert "nowhere/at/all: no such run" in refused(capsys, verb, "nowhere/at/all", *more)
    assert everything(tmp_path) == ["a.png", "empty"]


@pytest.mark.parametrize("verb", ["evaluate", "resume"])
def test_a_run_of_a_newer_format(capsys, stopped, verb):
    change(stopped, format=99)
    assert refused(capsys, verb, stopped).endswith("install a newer brique.")


def test_a_record_that_is_damaged(capsys, stopped):
    (stopped / "run.json").write_text('{"format": 1')
    assert "cannot be read as a run's record" in refused(capsys, "resume", stopped)


def test_a_path_to_predict_that_does_not_exist(capsys, finished, tmp_path):
    (tmp_path / "eight.png").write_bytes(b"")
    assert refused(capsys, "predict", finished, "eihtg.png") == (
        "predict: no file or folder 'eihtg.png'; did you mean 'eight.png'?"
    )
    assert refused(capsys, "predict", finished, "no/where.png") == (
        "predict: no file or folder 'no/where.png'; check the path."
    )


def test_a_folder_without_pictures_to_predict(capsys, finished, tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("")
    assert refused(capsys, "predict", finished, "texts") == (
        "predict: the folder 'texts' holds no pictures (1 other files); name a folder of pictures,"
        " or the files one by one."
    )


def test_answers_go_to_a_csv_file_only(capsys, finished, tmp_path):
    (tmp_path / "photo.png").write_bytes(b"precious")
    assert refused(capsys, "predict", finished, "photo.png", "--csv", "photo.png") == (
        "predict: 'photo.png' does not end in .csv; name the file of answers so."
    )
    assert (tmp_path / "photo.png").read_bytes() == b"precious"


@pytest.mark.parametrize("verb", ["predict", "evaluate"])
def test_a_device_that_is_not_there(capsys, finished, tmp_path, verb):
    (tmp_path / "a.png").write_bytes(b"")
    more = ["a.png"] if verb == "predict" else []
    assert refused(capsys, verb, finished, *more, "--device", "abacus").startswith(
        "--device abacus: no such device here; choose "
    )


def test_a_run_does_not_say_which_data(capsys, finished, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    change(tmp_path / "run", settings={})
    assert refused(capsys, "evaluate", "run") == (
        "evaluate: run does not record its data; name them after the run."
    )


def test_a_run_whose_source_was_edited_is_not_resumed(capsys, stopped, tmp_path):
    source = stopped / "source.py"
    before = source.read_text()
    source.write_text(before + "\nopen('harm', 'w')\n")
    change(stopped, source={"file": "classify.py", "sha256": "0" * 64})
    for trust in ([], ["--trust"]):
        assert refused(capsys, "resume", stopped, *trust) == (
            f"resume: {source} is not what the run began with (its SHA-256 differs from the one in"
            " run.json); put the file back, or start a new run."
        )
    assert not (tmp_path / "harm").exists()


def test_a_run_of_other_code_is_resumed_with_trust_only(capsys, stopped, tmp_path):
    from brique import files

    source = stopped / "source.py"
    source.write_text(source.read_text() + "\nopen('mark', 'w').close()\n")
    change(stopped, source={"file": "classify.py", "sha256": files.sha256(source)})
    assert refused(capsys, "resume", stopped) == (
        f"resume: the code that {stopped} began with is not installed, or has changed since; if"
        f" you trust the run's own source.py, 'brique resume {stopped} --trust' executes that."
    )
    assert not (tmp_path / "mark").exists()
    assert main(["resume", str(stopped), "--trust"]) == 0
    out, err = capsys.readouterr()
    assert f"brique: executing {source}, as --trust allows." in err
    assert out.splitlines()[-1] == str(stopped)
    assert (tmp_path / "mark").exists()
    assert read_run(stopped).state == "finished"


def test_a_run_with_settings_that_its_code_lacks_is_not_resumed(capsys, stopped):
    change(stopped, settings=read_run(stopped).settings | {"harm": 1})
    assert refused(capsys, "resume", stopped) == (
        f"resume: run.json of {stopped} sets 'harm', which the recipe's Args does not have; start a"
        " new run."
    )


def test_a_run_with_settings_of_another_type_is_not_resumed(capsys, stopped):
    change(stopped, settings=read_run(stopped).settings | {"turns": "many"})
    assert refused(capsys, "resume", stopped) == (
        f"resume: run.json of {stopped} sets 'turns' to 'many', which the recipe cannot take;"
        " restore the file, or start a new run."
    )


def test_a_run_with_options_of_another_type_is_not_used(capsys, stopped):
    change(stopped, settings=read_run(stopped).settings | {"options": [3]})
    assert refused(capsys, "resume", stopped) == (
        f"resume: run.json of {stopped} sets 'options' to (3,), which the recipe cannot take;"
        " restore the file, or start a new run."
    )
    assert "expected settings.options such as {'size': 64}, got [3]" in refused(
        capsys, "evaluate", stopped
    )


def test_a_new_run_never_lands_in_an_old_one(capsys, finished):
    before = everything(finished)
    assert refused(capsys, "train", "digits", "--quick", "--out", finished).startswith(
        f"{finished}: exists already; go on with 'brique resume {finished}'"
    )
    assert everything(finished) == before


def test_a_model_of_no_known_task_is_not_judged(capsys, finished, tmp_path):
    from brique import files

    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    model = json.loads((folder / "model" / "model.json").read_text()) | {"task": "none"}
    with files.new_folder(tmp_path / "model") as new:
        shutil.copy(folder / "model" / "net.safetensors", new)
        files.write_json(new / "model.json", model)
    shutil.rmtree(folder / "model")
    (tmp_path / "model").rename(folder / "model")
    assert refused(capsys, "evaluate", "run") == (
        "evaluate: the model's task is 'none', but only models of a known task can be evaluated; see"
        " the metrics of the run in its run.json."
    )


def test_a_folder_of_runs_with_strange_entries(capsys, finished):
    (finished.parent / "strange").mkdir(exist_ok=True)
    (finished.parent / "strange" / "run.json").write_text("{}")
    assert main(["runs", str(finished.parent)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_no_name_of_a_run_reaches_the_import_of_a_module(stopped):
    change(stopped, recipe="os", train=None, source={"file": "x", "sha256": "0" * 64})
    with pytest.raises(RunError, match="is not what the run began with"):
        brique.resume(stopped)
    assert catalog.load_by_source(read_run(stopped).source_sha256) is None
