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


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRIQUE_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(0)
