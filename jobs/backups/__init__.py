"""A backup of database and spool together, taken while the engine works, and how it is put back.

    FOLDER/
      database.sqlite3 or database.pgdump    a snapshot of the database
      spool/                                 every file that a row of the snapshot names
      files.jsonl                            those files: name, bytes and digest, one a line
      manifest.json                          what the backup holds; written last

The snapshot comes first. A file is safe in the spool before a row names it, and is never altered
after that, so whatever the snapshot names can be copied later, whoever goes on working meanwhile. A
folder without manifest.json is half a backup, and is not put back.
"""
