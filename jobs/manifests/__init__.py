"""From a manifest, whatever its form, to canonical rows.

    check_fields   the columns that a person names make sense          lint.py
    pin            the object is there, readable, and this very one    sources.py
    open_source    its bytes, from S3 or from an upload                sources.py
    open_stream    its bytes in blocks, unpacked, read ahead           streams.py
    peek           a look at the first rows, when the job is created   readers.py
    open_reader    every row, checked, from any checkpoint on          readers.py
        CsvReader          csv_manifest.py, on lines.py and plain.py
        KeyListReader      lists.py; JsonLinesReader likewise
        InventoryReader    inventory_reader.py, with tables.py for Parquet and ORC
        ListingReader      listing.py, on crawl.py, lister.py and criteria.py
    check          what it is like and what is wrong, before a job      checking.py
    write_mended   what is mechanical, mended into a new manifest      mending.py
    target_of      a canonical row as the operation's target           rows.py

A row is kept as bytes in the manifest's own encoding (rows.py says why); what is wrong with a
manifest is raised as InvalidManifest, which names line and column (faults.py).
"""

from jobs.manifests.csv_manifest import CsvReader
from jobs.manifests.faults import EmptyManifest, InvalidManifest
from jobs.manifests.lint import check_fields
from jobs.manifests.readers import Reader, generator_of, look, open_reader, peek
from jobs.manifests.rows import (
    MISSING_VERSION,
    MissingVersion,
    columns,
    encode_key,
    encode_row,
    join_rows,
    key_of,
    split_rows,
    target_of,
)
from jobs.manifests.sources import ObjectSource, Source, UploadSource, open_source, pin

__all__ = [
    "MISSING_VERSION",
    "CsvReader",
    "EmptyManifest",
    "InvalidManifest",
    "MissingVersion",
    "ObjectSource",
    "Reader",
    "Source",
    "UploadSource",
    "check_fields",
    "columns",
    "encode_key",
    "encode_row",
    "generator_of",
    "join_rows",
    "key_of",
    "look",
    "open_reader",
    "open_source",
    "peek",
    "pin",
    "split_rows",
    "target_of",
]
