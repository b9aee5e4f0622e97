"""The linter: every defect with its place and remedy, exact counts, and what may not be meant."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from jobs.manifests import checking, guessing
from jobs.manifests.checking import check
from jobs.manifests.faults import KINDS
from jobs.manifests.findings import Duplicates
from tests.manifests import gz
from tests.manifests.checked import (
    INVENTORY,
    PARQUET,
    THREE,
    TWO,
    csv_gz,
    findings_of,
    parquet,
    put_inventory,
    uploaded,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROW = "photos,a.jpg\n"
GZ = gz(b"photos,a.jpg\n" * 10_000)

# ---- defects


@pytest.mark.parametrize(
    ("content", "kind", "line", "column", "what"),
    [
        (b"", "empty", None, None, "the manifest is empty"),
        (b"\n\n", "empty", None, None, "the manifest is empty"),
        ("\ufeff" + ROW, "bom", 1, 1, "byte order mark"),
        ("Bucket,Key\n" + ROW, "header", 1, None, "is a header row"),
        (ROW + "  \n" + ROW, "blank", 2, None, "has 1 column"),
        (b"PK\x03\x04" + b"\0" * 40, "foreign", None, None, "a zip file or an Excel workbook"),
        (ROW.encode("utf-16"), "foreign", None, None, "UTF-16"),
        (ROW + "photos\n", "columns", 2, None, "has 1 column"),
        (ROW + "photos,a,b\n", "columns", 2, None, "has 3 columns"),
        (b"photos,a\nphotos,\xff\n", "encoding", 2, 2, "byte 0xff is not valid UTF-8"),
        (b"photos,a\nphotos,a\0b\n", "encoding", 2, 2, "a NUL byte"),
        (ROW + "photos,100%\n", "escape", 2, 2, '"%" is not a valid percent-escape'),
        (ROW + "photos,%ff\n", "escape", 2, 2, "does not decode to UTF-8"),
        (ROW + 'photos,"a"b\n', "quotes", 2, 2, "text after the closing quote"),
        (ROW + 'photos,"a\n', "quotes", 2, 2, "the quote is never closed"),
        (ROW + "photos,\n", "key", 2, 2, "the key is missing"),
        (ROW + "photos," + "%C3%A9" * 513 + "\n", "key", 2, 2, "1,026 bytes when decoded"),
        (ROW + "videos,a\n", "bucket", 2, 1, '"videos" is another bucket than "photos"'),
        (ROW + "no bucket,a\n", "bucket", 2, 1, "is not the name of a bucket"),
        (ROW + "photos," + "k" * 5_000_000 + "\n" + ROW, "long", 2, None, "longer than 65,536"),
        (GZ[:-20], "damaged", None, None, "the gzip file is cut off"),
        (GZ[:-8] + b"\1" * 8, "damaged", None, None, "the gzip file is damaged"),
    ],
)
def test_a_defect_is_told_with_its_place_and_how_to_mend_it(
    content: bytes | str, kind: str, line: int | None, column: int | None, what: str
) -> None:
    found = findings_of(content)

    (defect,) = found.defects
    assert (defect.kind, defect.line, defect.column) == (kind, line, column)
    assert what in defect.what
    assert defect.remedy == KINDS[kind]
    assert found.kinds == {kind: 1}
    assert not found.is_right


@pytest.mark.parametrize(
    ("line", "kind", "what"),
    [
        ('{"bucket": "photos", "key": ', "form", "is not valid JSON"),
        ("[]", "form", "is not a JSON object"),
        ("  ", "blank", "is not valid JSON"),
        ('{"bucket": "photos"}', "key", "the key is missing"),
        ('{"bucket": "photos", "key": 7}', "form", '"7" is not a text'),
        ('{"bucket": "photos", "key": "\\ud800"}', "encoding", "half of a surrogate pair"),
        ('{"bucket": "photos", "key": "a", "version_id": "v"}', "columns", "has a version_id, but"),
        ('{"key": "a", "bucket": "videos"}', "bucket", "another bucket"),
    ],
)
def test_a_defect_of_json_lines_is_told(line: str, kind: str, what: str) -> None:
    right = '{"bucket": "photos", "key": "a b"}\n'

    found = findings_of(f"{right}{line}\n{right}", format="JSONLines")

    (defect,) = found.defects
    assert (defect.kind, defect.line, found.rows) == (kind, 2, 2)
    assert what in defect.what


def test_a_list_of_keys_without_a_bucket_is_told_line_by_line() -> None:
    found = findings_of("a.jpg\nb.jpg\ns3://photos/c.jpg\n", format="KeyList")

    assert [(told.kind, told.line) for told in found.defects] == [("form", 1), ("form", 2)]
    assert found.rows == 1


def test_all_defects_are_counted_and_the_first_thousand_kept_in_order() -> None:
    lines = [ROW, "videos,b\n", "photos,100%\n", "\n"] * 1500

    found = findings_of("".join(lines))

    assert found.kinds == {"bucket": 1500, "escape": 1500}
    assert (found.rows, found.blank_lines, found.faults) == (1500, 1500, 3000)
    assert len(found.defects) == 1000
    assert [told.line for told in found.defects] == [
        number for number in range(1, 2001) if number % 4 in (2, 3)
    ]


def test_a_quote_that_is_never_closed_costs_only_its_own_line() -> None:
    found = findings_of(ROW + 'photos,"a\n' + ROW * 5000)

    assert [(told.kind, told.line) for told in found.defects] == [("quotes", 2)]
    assert found.rows == 5001


def test_a_stray_quote_in_every_line_is_told_in_every_line() -> None:
    found = findings_of("".join(f'photos,5" disk {number}\n' for number in range(3000)))

    assert found.kinds == {"quotes": 3000}
    assert [told.line for told in found.defects] == list(range(1, 1001))


def test_faulty_rows_alone_are_no_empty_list() -> None:
    found = findings_of("no bucket,a\n")

    assert found.kinds == {"bucket": 1}
    assert found.summary.startswith("1 fault was found and no row that is right.")


def test_a_damaged_end_tells_what_could_be_read_before() -> None:
    found = findings_of(GZ[:-20])

    assert 0 < found.rows < 10_000
    assert found.first_rows[0].cells == ("photos", "a.jpg")
    assert (found.complete, found.broke_off) == (False, True)
    assert "and the rest cannot be read" in found.summary


# ---- inventories


def test_a_good_inventory_of_all_versions_is_read_to_its_end(s3: S3Client) -> None:
    rows = ('"photos","a+b","v1","true","1"', '"photos","c%2Bd","","false","2"')
    manifest = put_inventory(s3, csv_gz(*rows), csv_gz('"photos","e","null","true","3"'))

    found = check(manifest, s3, None)  # type: ignore[arg-type]

    assert (found.rows, found.is_right, found.complete) == (3, True, True)
    assert (found.with_version, found.null_versions, found.empty_versions) == (2, 1, 1)
    assert found.columns == THREE
    assert [row.cells for row in found.first_rows][1] == ("photos", "c%2Bd", "")
    assert [offer.mend for offer in found.offers] == ["null"]
    assert len(found.hints) == 1
    assert manifest.fields == ["Bucket", "Key", "VersionId", "Ignore", "Ignore"]


@pytest.mark.parametrize(
    ("broken", "kind", "what"),
    [
        ("missing", "unreadable", "There is no data file"),
        ("altered", "inventory", "its MD5 is"),
        ("shorter", "inventory", "it has"),
        ("no key", "", "Required fields are missing in the schema: Key"),
        ("not JSON", "inventory", "manifest.json is not JSON"),
        ("parquet", "inventory", "cannot be read"),
        ("checksum", "inventory", "manifest.checksum says"),
    ],
)
def test_a_broken_inventory_is_told(s3: S3Client, broken: str, kind: str, what: str) -> None:
    manifest = put_broken(s3, broken)

    found = check(manifest, s3, None)  # type: ignore[arg-type]

    (defect,) = found.defects
    assert what in defect.what
    assert (defect.kind, found.broke_off) == (kind or "form", True)


def put_broken(s3: S3Client, broken: str) -> object:
    """An inventory with one thing wrong with it."""
    good, other = csv_gz('"photos","a","v","true","1"'), csv_gz('"photos","b","v","true","1"')
    key = "daily/photos/all/data/0.csv"
    manifest = put_inventory(s3, good)
    match broken:
        case "missing":
            s3.delete_object(Bucket="manifests", Key=key)
        case "altered":
            s3.put_object(Bucket="manifests", Key=key, Body=other)
        case "shorter":
            s3.put_object(Bucket="manifests", Key=key, Body=good[:-4])
        case "no key":
            return put_inventory(s3, good, schema="Bucket, Size, VersionId, IsLatest, ETag")
        case "not JSON":
            s3.put_object(Bucket="manifests", Key=manifest.key, Body=b"<xml/>")
        case "parquet":
            return put_inventory(s3, b"PAR1 no more", schema=PARQUET, file_format="Parquet")
        case "checksum":
            place = manifest.key.replace("manifest.json", "manifest.checksum")
            s3.put_object(Bucket="manifests", Key=place, Body=b"0" * 32)
    return manifest


def test_an_inventory_that_is_uploaded_is_told_to_be_named_in_s3() -> None:
    found = findings_of('{"fileFormat": "CSV", "fileSchema": "Bucket, Key"}', format=INVENTORY)

    (defect,) = found.defects
    assert "give the location of its manifest.json" in defect.what
    assert found.other_format == ""


def test_faulty_rows_of_a_table_are_told_and_the_others_counted(s3: S3Client) -> None:
    content = parquet(
        bucket=["photos", "videos", "photos", "photos"],
        key=["a b", "c", None, "d%20e"],
        version_id=["v", "v", "v", None],
    )
    manifest = put_inventory(s3, content, schema=PARQUET, file_format="Parquet")

    found = check(manifest, s3, None)  # type: ignore[arg-type]

    assert [(told.kind, told.line) for told in found.defects] == [("bucket", 2), ("key", 3)]
    assert (found.rows, found.empty_versions, found.buckets) == (2, 1, ("photos", "videos"))
    assert found.takes_raw_keys
    assert found.keys.encoded == 1
    assert "as if already URL-encoded" in " ".join(found.hints)


# ---- counts, guesses and hints


def test_versions_are_counted_whether_in_quotes_or_not() -> None:
    plain = "photos,a,v1\nphotos,b,\nphotos,c,null\nphotos,null,v2\n"

    for content in (plain, plain + 'photos,"d,e",\nphotos,"f,","null"\n'):
        found = findings_of(content, THREE)
        more = content != plain

        assert (found.rows, found.with_version) == (4 + 2 * more, 3 + more)
        assert (found.empty_versions, found.null_versions) == (1 + more, 1 + more)


def test_a_list_without_a_column_for_versions_counts_none() -> None:
    found = findings_of("photos,a\nphotos,null\n")

    assert (found.has_versions, found.with_version, found.empty_versions) == (False, 0, 0)


def test_repeated_rows_are_counted_among_the_first_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    content = "photos,a\nphotos,b\nphotos,a\nphotos,c\nphotos,a\nphotos,c\n"

    assert findings_of(content).duplicates == Duplicates(3, 6, (3, 1))
    monkeypatch.setattr(guessing.Repeats.__init__, "__defaults__", (4,))
    assert findings_of(content).duplicates == Duplicates(1, 4, (3, 1))


@pytest.mark.parametrize(
    ("compared", "fields", "content", "hint", "objects"),
    [
        (
            *(9, TWO, "photos,a\nphotos,b\nphotos,a\n"),
            *("3 rows, 1 of them repeated: 2 objects. ", "2 objects (3 rows, 1 repeated)"),
        ),
        (
            *(9, THREE, "photos,a,1\nphotos,a,2\nphotos,a,1\n"),
            "3 rows, 1 of them repeated: 2 object versions. ",
            "2 object versions (3 rows, 1 repeated)",
        ),
        (
            *(3, TWO, "photos,a\nphotos,b\nphotos,a\nphotos,a\n"),
            *("Of the first 3 rows, 1 is repeated. ", "the objects of 4 rows"),
        ),
        (
            *(9, TWO, "photos,a\nphotos,%\nphotos,a\n"),
            *(
                "2 rows without fault, 1 of them repeated: 1 object. ",
                "1 object (2 rows, 1 repeated)",
            ),
        ),
    ],
)
def test_rows_that_are_repeated_are_told_and_are_not_counted_as_objects(
    monkeypatch: pytest.MonkeyPatch,
    compared: int, fields: tuple[str, ...], content: str, hint: str, objects: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(guessing.Repeats.__init__, "__defaults__", (compared,))

    found = findings_of(content, fields)

    (told,) = found.hints
    assert told.startswith(f"{hint}Each row is a task of its own; the first repetition is row ")
    assert (found.objects, found.is_clear) == (objects, False)


def test_a_key_is_one_object_in_whatever_spelling() -> None:
    spelled = ("a%20b", "a+b", '"a b"', "%61 b", "%c3%bc", "%C3%BC", "ü", '"c,d"', "c%2Cd", "e")

    found = findings_of("".join(f"photos,{key}\n" for key in spelled))

    assert found.duplicates == Duplicates(6, 10, (2, 1))
    assert found.objects == "4 objects (10 rows, 6 repeated)"


def test_one_key_in_two_versions_is_no_repetition() -> None:
    found = findings_of("photos,a%20b,1%20\nphotos,a+b,1+\nphotos,a b,1%20\n", THREE)

    assert found.duplicates == Duplicates(1, 3, (3, 1))


def test_rows_that_name_no_version_are_not_counted_as_versions() -> None:
    found = findings_of("photos,a,\nphotos,b,v\nphotos,a,\n", THREE)

    assert found.objects == "the objects of 3 rows"
    assert found.hints[0].startswith("Of the first 3 rows, 1 is repeated. ")


def test_the_first_repetition_of_many_rows_is_found_where_it_is_the_last_row() -> None:
    rows = [f"photos,{number}" for number in range(20_000)]

    found = findings_of("\n".join([*rows, rows[-1]]))

    assert found.duplicates == Duplicates(1, 20_001, (20_001, 20_000))


def test_an_inventory_without_rows_was_read_to_its_end(s3: S3Client) -> None:
    for files in ((), (csv_gz(),)):
        found = check(put_inventory(s3, *files), s3, None)  # type: ignore[arg-type]

        assert found.faults == 1
        assert (found.complete, found.extent) == (True, "")


def test_of_a_list_that_was_read_in_part_at_least_so_many_objects_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(checking.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(checking, "ROWS_AT_ONCE", 3)
    content = "photos,a\nphotos,b\nphotos,a\nphotos,c\n"

    found, nothing = findings_of(content, seconds=2), findings_of(content, seconds=-1)

    assert found.objects == "at least 2 objects"
    assert found.hints[0].startswith("Of the first 3 rows, 1 is repeated. ")
    assert nothing.objects == ""


def test_each_bucket_is_named_once_and_very_many_are_not_all_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checking, "MOST_BUCKETS", 5)

    found = findings_of("".join(f"bucket-{number % 20:02},k\n" for number in range(60)))

    assert found.buckets == tuple(f"bucket-{number:02}" for number in range(5))
    assert found.kinds == {"bucket": 57}


@pytest.mark.parametrize(
    ("keys", "counts"),
    [
        (["a.jpg", "b/c_d-e~f"], {"plain": 2}),
        (["a%20b", "%C3%A9"], {"encoded": 2}),
        (["a b", "é", "a#b", "a\\b"], {"raw": 4}),
        (["a b%20c"], {"mixed": 1}),
        (["a+b", "a%20b+c"], {"plain": 1, "encoded": 1, "plus": 2}),
        (["a(1).jpg", "x=1&y=2"], {"plain": 2}),
        (['"a,b c"'], {"raw": 1}),
    ],
)
def test_how_keys_look_is_guessed(keys: list[str], counts: dict[str, int]) -> None:
    found = findings_of("".join(f"photos,{key}\n" for key in keys)).keys

    names = ("encoded", "raw", "mixed", "plain", "plus")
    assert {name: n for name in names if (n := getattr(found, name))} == counts
    assert set(found.examples) == set(counts) - {"plain"}


def test_a_list_with_keys_as_they_are_is_guessed_by_what_they_were() -> None:
    found = findings_of("s3://photos/a b\ns3://photos/a%20b\n", format="KeyList")

    assert (found.keys.raw, found.keys.encoded) == (1, 1)
    assert found.keys.examples["encoded"] == '"a%20b"'
    assert found.hints == (
        '1 key looks as if already URL-encoded, such as "a%20b"; this format takes keys literally.',
    )
    assert found.offers == ()


def test_hints_tell_what_is_no_fault_and_may_not_be_meant() -> None:
    found = findings_of("photos,a b,v\nphotos,c+d,\nvideos,e,v\n", THREE)

    assert found.hints == (
        "Rows name 2 buckets; a job has one. Make a job for each.",
        "1 row has an empty version id, and a task without one fails. "
        "Write null where the version that has no id is meant.",
        '1 key looks as if not URL-encoded, such as "a b". '
        "This format decodes keys: + becomes a space, and %41 an A.",
        '1 key has a plus sign, such as "c+d"; it is read as a space. '
        "A plus sign itself is written %2B.",
    )


@pytest.mark.parametrize(
    ("content", "offers"),
    [
        ("photos,a%20b\n", []),
        ("photos,a%20b+c\n", []),
        ("photos,a+b\n", [("encode", 1, "")]),
        ("photos,a b\nphotos,100%\n", [("encode", 2, "")]),
        ('photos,a"b\n', [("encode", 1, "")]),
        ('s3://photos/a"b\n', []),
        ('photos,"a"b\n', []),
        (
            "photos,a b\nphotos,a%20b\n",
            [
                (
                    "encode",
                    1,
                    "1 key looks as if already URL-encoded, and would be encoded twice.",
                )
            ],
        ),
        (
            "\ufeffBucket,Key\n\n \nphotos,a\n",
            [("header", 1, ""), ("bom", 1, ""), ("blank", 2, "")],
        ),
    ],
)
def test_only_what_applies_is_offered(content: str, offers: list[tuple[str, int, str]]) -> None:
    found = findings_of(content)

    assert [(offer.mend, offer.count, offer.caution) for offer in found.offers] == offers


@pytest.mark.parametrize(
    ("content", "chosen", "meant"),
    [
        ('{"bucket": "photos", "key": "a"}\n', "S3BatchOperations_CSV_20180820", "JSONLines"),
        ("\ufeff{}\n", "KeyList", "JSONLines"),
        ("s3://photos/a b\n", "S3BatchOperations_CSV_20180820", "KeyList"),
        ("\ns3://photos/a b\n", "JSONLines", "KeyList"),
        ("a.jpg\nb.jpg\n", "S3BatchOperations_CSV_20180820", "KeyList"),
        ("photos,a.jpg\n", "KeyList", "S3BatchOperations_CSV_20180820"),
        ("photos,a.jpg\n", "JSONLines", "S3BatchOperations_CSV_20180820"),
        (
            '{\n "fileFormat": "CSV",\n "fileSchema": "Bucket, Key"\n}',
            "S3BatchOperations_CSV_20180820",
            "S3InventoryReport_CSV_20161130",
        ),
        (
            '{"fileFormat": "CSV", "fileSchema": "Bucket, Key"}',
            "JSONLines",
            "S3InventoryReport_CSV_20161130",
        ),
        ("photos,a.jpg\nphotos\n", "S3BatchOperations_CSV_20180820", ""),
        ("", "JSONLines", ""),
    ],
)
def test_another_format_that_is_obviously_meant_is_named(
    content: str, chosen: str, meant: str
) -> None:
    found = findings_of(content, format=chosen)

    assert found.other_format == meant
    assert not found.is_right


def test_keys_that_look_like_another_format_are_none_where_nothing_is_wrong() -> None:
    found = findings_of('{"a": 1}\n', format="KeyList", list_bucket="photos")

    assert (found.is_right, found.other_format) == (True, "")


# ---- first rows


def test_the_first_rows_are_shown_as_they_are_written_also_faulty_ones() -> None:
    lines = ["photos,a%20b,x", "photos", "", 'photos,"c\nd",', "photos,\x01,é", *["photos,k,"] * 9]

    found = findings_of("\n".join(lines) + "\n", ("Bucket", "Key", "Ignore"))

    assert found.columns == ("Bucket", "Key", "Ignore")
    assert [(row.line, row.cells) for row in found.first_rows][:5] == [
        (1, ("photos", "a%20b", "x")),
        (2, ("photos",)),
        (4, ("photos", "c\\nd", "")),
        (6, ("photos", "\\x01", "é")),
        (7, ("photos", "k", "")),
    ]
    assert len(found.first_rows) == 10


def test_the_first_rows_of_other_forms_are_shown_too() -> None:
    json_lines = '{"Key": "a\u2028b", "bucket": "photos", "version_id": null}\nno JSON\n'

    in_json = findings_of(json_lines, format="JSONLines")
    keys = findings_of("a b,c\n", format="KeyList", list_bucket="photos")
    packed = findings_of(GZ)

    assert in_json.columns == THREE
    assert [row.cells for row in in_json.first_rows] == [
        ("photos", "a\\u2028b", "null"),
        ("no JSON",),
    ]
    assert (keys.columns, keys.first_rows[0].cells) == (("Key or address",), ("a b,c",))
    assert packed.first_rows[0].cells == ("photos", "a.jpg")


def test_nothing_is_shown_of_what_is_no_text() -> None:
    assert findings_of(b"PK\x03\x04" + b"\0" * 40).first_rows == ()


def test_a_cell_is_cut_to_a_length_that_can_be_shown() -> None:
    found = findings_of("photos," + "k" * 100_000)

    (row,) = found.first_rows
    assert len(row.cells[1]) == 200
    assert row.cells[1].endswith("…")


# ---- bounds


def test_a_check_ends_when_its_time_is_over_and_says_how_far_it_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = "".join(f"photos,dir/{number:07}.jpg\n" for number in range(200_000))
    clock = iter(range(1000))
    monkeypatch.setattr(checking.time, "monotonic", lambda: next(clock))

    found = findings_of(content, seconds=6)

    assert (found.rows, found.complete, found.broke_off) == (50_000, False, False)
    assert (found.is_right, found.is_clear) == (True, False)
    assert found.summary == "No fault was found in the first 50,000 rows."
    assert found.extent == (
        f"Only {found.bytes_read:,} of {len(content):,} bytes were read in the time of a check. "
        "Preparing checks all rows alike."
    )
    assert found.bytes_read == 50_000 * len("photos,dir/0000000.jpg\n")


def test_a_check_that_ends_in_a_packed_list_tells_no_bytes_that_would_say_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packed = gz(b"".join(b"photos,dir/%07d.jpg\n" % number for number in range(500_000)))
    clock = iter(range(1000))
    monkeypatch.setattr(checking.time, "monotonic", lambda: next(clock))

    found = findings_of(packed, seconds=6)

    assert found.summary == "No fault was found in the first 50,000 rows."
    assert found.extent == (
        "Only the beginning could be unpacked and checked in the time of a check. "
        "Preparing checks all rows alike."
    )


def test_a_check_that_ends_before_it_saw_the_end_says_not_that_all_were_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(checking.time, "monotonic", lambda: next(clock))

    found = findings_of(ROW * checking.ROWS_AT_ONCE, seconds=2)

    assert (found.complete, found.bytes_read) == (False, found.total_bytes)
    assert found.extent.startswith("Only the beginning could be checked in the time of a check.")


@pytest.mark.parametrize("line", ["\n", "photos\n", 'photos,5" disk\n'], ids=repr)
def test_a_check_looks_at_the_clock_also_where_there_is_no_good_row(
    monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    clock = iter(range(10_000))
    monkeypatch.setattr(checking.time, "monotonic", lambda: next(clock))

    found = findings_of(line * 5000, seconds=1000)

    assert not found.complete
    assert found.blank_lines + found.faults == 999


LONG = b"k" * 200


@pytest.mark.parametrize(
    "line", [b"photos,%%07d%s\n", b"photos,a b %%07d%s\n", b"bucket-%%07d,%s\n"], ids=repr
)
def test_the_memory_of_a_check_does_not_grow_with_the_list(line: bytes) -> None:
    line %= LONG
    peaks = [_peak(b"".join(line % number for number in range(rows))) for rows in (25_000, 75_000)]

    assert peaks[1] - peaks[0] < 4 * 1024 * 1024


def _peak(content: bytes) -> int:
    """Bytes at most while it is checked."""
    manifest, storage = uploaded(content)
    tracemalloc.start()
    check(manifest, None, storage, seconds=600)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
