-- migration 1
-- A model is a bundle under a name and a version. `wanted`: load it when the daemon starts.
CREATE TABLE models (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    path TEXT NOT NULL,
    digest TEXT NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('config', 'path', 'upload')),
    wanted INTEGER NOT NULL DEFAULT 1,
    is_default INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    card TEXT NOT NULL,
    UNIQUE (name, version)
);

CREATE TABLE fields (
    model INTEGER NOT NULL REFERENCES models ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    PRIMARY KEY (model, ordinal)
) WITHOUT ROWID;

-- `metadata` is the row of the metadata table as a JSON object, columns in their order.
CREATE TABLE tracks (
    id INTEGER PRIMARY KEY,
    model INTEGER NOT NULL REFERENCES models ON DELETE CASCADE,
    position INTEGER NOT NULL,
    accession TEXT NOT NULL,
    metadata TEXT NOT NULL,
    UNIQUE (model, position),
    UNIQUE (model, accession)
);

-- Every label of every cell, and the cell itself where it holds several.
CREATE TABLE labels (
    model INTEGER NOT NULL REFERENCES models ON DELETE CASCADE,
    field TEXT NOT NULL,
    label TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (model, field, label, position)
) WITHOUT ROWID;

CREATE VIRTUAL TABLE track_text USING fts5(body, tokenize = "unicode61 tokenchars '-'");

CREATE TRIGGER track_text_delete AFTER DELETE ON tracks BEGIN
    DELETE FROM track_text WHERE rowid = old.id;
END;

-- Only the digest of a key is kept.
CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    scopes INTEGER NOT NULL,
    rate REAL NOT NULL DEFAULT 0,
    burst REAL NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL DEFAULT 0,
    revoked INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- migration 2
-- A job computes an operation in the background. Its input and its result are files beside the
-- database, named by `id`; of the result the first `bytes` bytes count, with `done` items in them.
-- `number` is the order of submission, `turn` that of starting (0: not yet; negative: it has let others go first).
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    operation TEXT NOT NULL,
    content TEXT NOT NULL,
    format TEXT NOT NULL,
    params TEXT NOT NULL,
    queries TEXT NOT NULL,
    model TEXT NOT NULL,
    digest TEXT NOT NULL,
    description TEXT NOT NULL,
    server TEXT NOT NULL,
    key TEXT,
    fingerprint TEXT NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    turn INTEGER NOT NULL DEFAULT 0,
    items INTEGER NOT NULL,
    passes REAL NOT NULL,
    done INTEGER NOT NULL DEFAULT 0,
    ok INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    error INTEGER NOT NULL DEFAULT 0,
    input_bytes INTEGER NOT NULL,
    bytes INTEGER NOT NULL DEFAULT 0,
    json_bytes INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    started INTEGER NOT NULL DEFAULT 0,
    ended INTEGER NOT NULL DEFAULT 0,
    expires INTEGER NOT NULL DEFAULT 0,
    problem TEXT NOT NULL DEFAULT '',
    UNIQUE (owner, key)
);
CREATE INDEX jobs_by_state ON jobs (state, owner);

-- migration 3
-- Refget digests of a genome's contigs, of the file as it was when they were computed.
CREATE TABLE digests (
    path TEXT NOT NULL,
    contig INTEGER NOT NULL,
    stamp TEXT NOT NULL,
    md5 TEXT NOT NULL,
    trunc512 TEXT NOT NULL,
    ga4gh TEXT NOT NULL,
    PRIMARY KEY (path, contig)
) WITHOUT ROWID;

-- migration 4
-- SHA-256 of a genome's FASTA and its index, one behind the other, as they were when it was computed.
CREATE TABLE genome_files (
    path TEXT PRIMARY KEY,
    stamp TEXT NOT NULL,
    digest TEXT NOT NULL
) WITHOUT ROWID;

-- That digest of the genome with which the job computed its first part; '' = it has computed none, or needs no genome.
ALTER TABLE jobs ADD COLUMN genome TEXT NOT NULL DEFAULT '';
