"""Where there is no network but the loopback, brique does what it does elsewhere.

benchmarks/offline.py runs the whole suite so.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from offline import inside, why_not

COMMANDS = """
import socket
from brique import data, load
from brique.cli import main

try:
    socket.create_connection(("192.0.2.1", 80), timeout=5)
except OSError:
    pass
else:
    raise AssertionError("there is a network")
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname()).close()

assert main(["train", "digits", "--quick", "--device", "cpu", "--out", "run"]) == 0
assert main(["run", "lenet5", "--quick", "--device", "cpu", "--out", "recipe"]) == 0
model = load("run")
assert len(model.predict([data.open("digits").test[0]["image"]])) == 1
print("all went well")
"""


def test_a_training_a_recipe_and_a_model_need_no_network(tmp_path: Path):
    if (said := why_not()) is not None:
        pytest.skip(said)
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        inside([sys.executable, "-c", COMMANDS]),
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "all went well"
