"""The spool: files that are whole or an error, safe on disk before a row points to them."""

from __future__ import annotations

import os
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from jobs.errors import SpoolDamaged
from jobs.spool import Receipt, spool

CONTENT = b"photos,a.jpg\nphotos,b.jpg\n"


def files_in(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def test_gives_back_what_was_put() -> None:
    receipt = spool.put("jobs/1/00000001.tasks", CONTENT)

    assert spool.get(receipt) == CONTENT


def test_an_empty_file_is_a_file() -> None:
    assert spool.get(spool.put("jobs/1/empty", b"")) == b""


def test_the_receipt_tells_the_bytes_that_lie_on_disk(spool_folder: Path) -> None:
    receipt = spool.put("jobs/1/tasks", CONTENT * 1000)

    stored = (spool_folder / "jobs/1/tasks").read_bytes()
    assert receipt.size == len(stored) < len(CONTENT * 1000), "it is compressed"


def test_a_missing_file_is_damage_and_never_nothing(spool_folder: Path) -> None:
    receipt = spool.put("jobs/1/tasks", CONTENT)
    (spool_folder / "jobs/1/tasks").unlink()

    with pytest.raises(SpoolDamaged, match="lost the file jobs/1/tasks"):
        spool.get(receipt)


def test_a_short_file_is_damage(spool_folder: Path) -> None:
    receipt = spool.put("jobs/1/tasks", CONTENT)
    path = spool_folder / "jobs/1/tasks"
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(SpoolDamaged, match="jobs/1/tasks of the spool is not what was written"):
        spool.get(receipt)


def test_an_altered_file_of_the_same_length_is_damage(spool_folder: Path) -> None:
    receipt = spool.put("jobs/1/tasks", CONTENT)
    path = spool_folder / "jobs/1/tasks"
    stored = bytearray(path.read_bytes())
    stored[-1] ^= 1
    path.write_bytes(stored)

    with pytest.raises(SpoolDamaged, match="is not what was written"):
        spool.get(receipt)


@pytest.mark.parametrize("change", [{"size": 1}, {"sha256": "0" * 64}])
def test_a_receipt_of_another_file_is_refused(change: dict[str, object]) -> None:
    receipt = replace(spool.put("jobs/1/tasks", CONTENT), **change)

    with pytest.raises(SpoolDamaged):
        spool.get(receipt)


def test_a_name_is_kept_as_it_is_also_when_written_again(spool_folder: Path) -> None:
    first = spool.put("jobs/1/tasks", CONTENT)
    second = spool.put("jobs/1/tasks", CONTENT)

    assert first == second
    assert files_in(spool_folder) == ["jobs/1/tasks"]


def test_a_write_that_fails_leaves_neither_half_a_file_nor_litter(
    spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        spool.put("jobs/1/tasks", CONTENT)

    monkeypatch.undo()
    assert [file for file in files_in(spool_folder) if "1/" in file] == []


def test_a_write_that_fails_leaves_the_file_that_was_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receipt = spool.put("jobs/1/tasks", CONTENT)

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="Input/output"):
            spool.put("jobs/1/tasks", b"something else")

    assert spool.get(receipt) == CONTENT


def test_file_and_folders_are_synced_before_put_returns(
    spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    sync = os.fsync

    def note(handle: int) -> None:
        name = os.readlink(f"/proc/self/fd/{handle}")
        synced.append("file" if Path(name).is_file() else str(Path(name)))
        sync(handle)

    monkeypatch.setattr(os, "fsync", note)
    spool.put("jobs/1/tasks", CONTENT)

    assert synced[-2:] == ["file", str(spool_folder / "jobs/1")], "the content, then its name"
    assert str(spool_folder / "jobs") in synced, "the name of the new folder"
    assert str(spool_folder) in synced


def test_the_file_gets_its_name_only_when_its_content_is_safe(
    spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    sync = os.fsync

    def look(handle: int) -> None:
        seen.append((spool_folder / "jobs/1/tasks").exists())
        sync(handle)

    spool.put("jobs/1/before", CONTENT)
    monkeypatch.setattr(os, "fsync", look)
    spool.put("jobs/1/tasks", CONTENT)

    assert seen == [False, True], "not yet when the file is synced, then its folder is"


def test_a_file_written_bit_by_bit_is_kept_as_it_is(spool_folder: Path) -> None:
    with spool.writing("jobs/1/report-1/manifest.json") as out:
        out.write(b'{"Results": ')
        out.write(b"[]}")

    assert (spool_folder / "jobs/1/report-1/manifest.json").read_bytes() == b'{"Results": []}'
    with spool.open("jobs/1/report-1/manifest.json") as file:
        assert file.read() == b'{"Results": []}'


def test_a_file_written_bit_by_bit_is_not_copied(spool_folder: Path) -> None:
    path = spool_folder / "jobs/1/results.csv"
    with spool.writing("jobs/1/results.csv") as out:
        out.write(b"photos,a.jpg\n")
        written = os.fstat(out.fileno()).st_ino
        assert not path.exists(), "a file that has its name is whole"

    assert path.stat().st_ino == written


def test_what_was_being_written_when_a_fault_came_is_nowhere(spool_folder: Path) -> None:
    def be_interrupted() -> None:
        with spool.writing("jobs/1/half") as out:
            out.write(b"half")
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        be_interrupted()

    assert files_in(spool_folder) == []


def test_opening_a_lost_file_is_damage() -> None:
    with pytest.raises(SpoolDamaged, match="lost the file uploads/1"):
        spool.open("uploads/1")


def test_deleting_twice_is_fine(spool_folder: Path) -> None:
    spool.put("jobs/1/tasks", CONTENT)

    spool.delete("jobs/1/tasks")
    spool.delete("jobs/1/tasks")

    assert files_in(spool_folder) == []


def test_a_receipt_of_nothing_names_no_file() -> None:
    assert Receipt() == Receipt("", 0, "")


# ---- check: can the spool be used?


def test_check_passes_and_leaves_nothing(spool_folder: Path) -> None:
    spool.check()

    assert files_in(spool_folder) == []


def test_check_tells_of_a_folder_that_cannot_be_written(spool_folder: Path) -> None:
    spool_folder.write_text("a file where the folder should be")

    with pytest.raises(OSError, match="spool"):
        spool.check()


def test_check_tells_of_a_store_that_gives_back_other_bytes(
    monkeypatch: pytest.MonkeyPatch, spool_folder: Path
) -> None:
    save = type(spool.storage)._save

    def lie(storage: object, name: str, _content: object) -> str:
        from django.core.files.base import ContentFile

        return save(storage, name, ContentFile(b"no"))

    monkeypatch.setattr(type(spool.storage), "_save", lie)
    with pytest.raises(OSError, match="other bytes than were written"):
        spool.check()

    assert files_in(spool_folder) == [], "it cleans up all the same"


def test_check_tells_when_the_disk_is_nearly_full(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    nearly_full = SimpleNamespace(disk_usage=lambda _: usage(10**12, 10**12, 5 * 1024**2))
    monkeypatch.setattr("jobs.spool.shutil", nearly_full)

    with pytest.raises(OSError, match="only 5 MiB left"):
        spool.check()
