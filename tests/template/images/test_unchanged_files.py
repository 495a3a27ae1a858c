import os
from pathlib import Path

import pandas as pd
import pytest

from golgoru.images import unchanged_files
from golgoru.images.unchanged_files import StampStore, read_stamps

OLD = 1_000_000_000  # seconds: the modification time that os.utime sets; the status change time is now


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(unchanged_files, "CLOCK_TICK", -60_000_000_000)
    return tmp_path


def write(name: str, text: str) -> None:
    Path(name).write_text(text)
    os.utime(name, (OLD, OLD))


def unchanged(*names: str) -> list[str]:
    return sorted(StampStore(read_stamps(names, names)).unchanged().index)


def save(*names: str) -> None:
    StampStore(read_stamps(names, names)).save(pd.Series({name: f"content of {name}" for name in names}, dtype="str"))


def test_an_untouched_file_is_unchanged_and_has_its_content_and_size() -> None:
    write("a", "four")
    assert unchanged("a") == []
    save("a")
    assert StampStore(read_stamps(["a"], ["a"])).unchanged().loc["a"].to_dict() == {
        "content": "content of a",
        "bytes": 4,
    }


def test_a_file_of_equal_size_and_date_but_written_to_is_changed() -> None:
    write("a", "four")
    save("a")
    write("a", "five")
    assert Path("a").stat().st_mtime == OLD
    assert unchanged("a") == []


def test_a_file_put_in_place_of_another_is_changed() -> None:
    write("a", "four")
    save("a")
    write("b", "five")
    Path("b").replace("a")
    assert unchanged("a") == []


def test_a_link_has_the_stamp_of_its_target() -> None:
    write("a", "four")
    Path("link").symlink_to("a")
    save("link")
    assert unchanged("link") == ["link"]
    write("a", "five")
    assert unchanged("link") == []


def test_a_young_file_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchanged_files, "CLOCK_TICK", 60_000_000_000)
    write("a", "four")
    save("a")
    assert unchanged("a") == []


def test_a_missing_file_is_not_unchanged() -> None:
    write("a", "four")
    write("b", "four")
    save("a", "b")
    Path("a").unlink()
    assert unchanged("a", "b") == ["b"]
