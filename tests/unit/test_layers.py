"""The direction of imports, as pyproject.toml draws it: higher packages import lower ones only."""

from importlinter.cli import lint_imports


def test_no_import_points_upwards() -> None:
    assert lint_imports(no_cache=True) == 0
