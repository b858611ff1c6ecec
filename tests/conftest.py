"""What every test stands on: one thread, the data folders, a cache and a folder of its own."""

import os
from pathlib import Path

import pytest
import torch

_SHARED = Path(__file__).resolve().parents[2] / "shared"
if "BRIQUE_DATA" not in os.environ:
    folders = [_SHARED / "data", _SHARED / "data-text"]
    os.environ["BRIQUE_DATA"] = os.pathsep.join(str(f) for f in folders if f.is_dir())


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _short_measurement():
    with pytest.MonkeyPatch.context() as patch:  # the plan of a real training waits for 2.5 s
        patch.setattr("brique.planning.cost._MEASURE_SECONDS", 0.2)
        yield


@pytest.fixture(scope="session")
def _cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")  # classifiers that score generated images


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, _cache, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRIQUE_CACHE", str(_cache))
    torch.manual_seed(0)
