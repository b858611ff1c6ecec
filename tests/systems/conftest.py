"""The uninterrupted run of a system, played once and shared by the tests of its file."""

import pytest

from resuming import alone


@pytest.fixture(scope="module")
def uninterrupted(request, tmp_path_factory):
    module = request.module
    return alone(module.main, module.Args(), tmp_path_factory.mktemp("system") / "uninterrupted")
