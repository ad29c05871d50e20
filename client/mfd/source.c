#include "client/mfd/source.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/text.h"
#include "core/base/memory.h"
#include "core/base/parse.h"

#define SEQUENCE_LIMIT                                                                             \
    ((size_t)16 << 20) /* bases of one record: no server takes more in a request */

void source_words(struct source *s, char **words, size_t n)
{
    *s = (struct source){ .kind = SOURCE_WORDS, .words = words, .n = n };
}

int source_open(struct source *s, enum source_kind kind, const char *path, struct mfd_error *err)
{
    *s = (struct source){ .kind = kind };
    return reader_open(&s->reader, path, err);
}

/* Lines that stand before the data of a BED file, or between them. */
static bool passed_over(const char *line, size_t n)
{
    return n == 0 || line[0] == '#' || strspn(line, " \t") >= n ||
           strncmp(line, "track ", 6) == 0 || strncmp(line, "browser ", 8) == 0;
}

/* Does the first line of data in text[at..end) have a tab? */
static bool has_columns(const char *text, size_t at, size_t end)
{
    while (at < end) {
        const char *stop = memchr(text + at, '\n', end - at);
        size_t n = stop ? (size_t)(stop - text) - at : end - at;
        char line[16] = ""; /* as much as decides */
        memcpy(line, text + at, n < sizeof line - 1 ? n : sizeof line - 1);
        if (!passed_over(line, n < sizeof line - 1 ? n : sizeof line - 1))
            return memchr(text + at, '\t', n) != NULL;
        at += n + 1;
    }
    return false;
}

int source_open_any(struct source *s, const char *path, const char *marks, enum source_kind marked,
                    enum source_kind tabbed, enum source_kind plain, struct mfd_error *err)
{
    int status = source_open(s, plain, path, err);
    if (status < 0)
        return status;
    int first = reader_peek(&s->reader);
    if (first > 0 && strchr(marks, first))
        s->kind = marked;
    else if (has_columns(s->reader.text.data, s->reader.at, s->reader.text.len))
        s->kind = tabbed;
    return MFD_OK;
}

void source_close(struct source *s)
{
    reader_close(&s->reader);
    mfd_buffer_deinit(&s->name);
    mfd_buffer_deinit(&s->header);
    json_decref(s->contigs);
    json_decref(s->waiting);
    s->contigs = s->waiting = NULL;
    while (source_line(s))
        source_line_done(s);
}

struct source_line *source_line(struct source *s)
{
    return s->oldest;
}

void source_line_done(struct source *s)
{
    struct source_line *line = s->oldest;
    s->oldest = line->next;
    free(line->text);
    free(line);
}

static int keep_line(struct source *s, const char *text, size_t n, struct mfd_error *err)
{
    struct source_line *line = mfd_calloc(1, sizeof *line);
    char *copy = mfd_strndup(text, n);
    if (!line || !copy) {
        free(line);
        free(copy);
        return mfd_fail_nomem(err);
    }
    line->text = copy;
    if (s->oldest)
        s->newest->next = line;
    else
        s->oldest = line;
    s->newest = line;
    return MFD_OK;
}

double source_progress(const struct source *s)
{
    if (s->kind == SOURCE_WORDS)
        return s->n ? (double)s->next / (double)s->n : 1;
    return reader_progress(&s->reader);
}

/* JSON is UTF-8: what is not is shown as '?', and the server will say that it knows no such thing.
 */
static json_t *string_of(const char *text, size_t n)
{
    json_t *string = json_stringn(text, n);
    if (string)
        return string;
    struct mfd_buffer clean = MFD_BUFFER_INIT;
    mfd_text_clean(&clean, text, n);
    if (!clean.failed)
        string = json_stringn(clean.data ? clean.data : "", clean.len);
    mfd_buffer_deinit(&clean);
    return string;
}

static int give(json_t *made, json_t **item, struct mfd_error *err)
{
    if (!made)
        return mfd_fail_nomem(err);
    *item = made;
    return 1;
}

static int fail_line(const struct source *s, const char *why, struct mfd_error *err)
{
    return mfd_fail(err, MFD_EFORMAT, "line %zu of '%s' %s", s->reader.line, s->reader.name, why);
}

/* Fields of a line between tabs, at most `most`; *rest of the line belongs to the last. */
static size_t split_tabs(char *line, char **fields, size_t most)
{
    size_t n = 0;
    while (n < most) {
        fields[n++] = line;
        line = strchr(line, '\t');
        if (!line)
            break;
        *line++ = '\0';
    }
    return n;
}

static int next_line(struct source *s, json_t **item, struct mfd_error *err)
{
    char *line;
    size_t n;
    for (int status; (status = reader_line(&s->reader, &line, &n, err)) != 0;) {
        if (status < 0)
            return status;
        while (n && isspace((unsigned char)line[n - 1]))
            n--;
        if (!passed_over(line, n))
            return give(string_of(line, n), item, err);
    }
    return 0;
}

static int next_bed(struct source *s, json_t **item, struct mfd_error *err)
{
    char *line, *field[5];
    size_t n;
    for (int status; (status = reader_line(&s->reader, &line, &n, err)) != 0;) {
        if (status < 0)
            return status;
        if (passed_over(line, n))
            continue;
        size_t fields = split_tabs(line, field, 5);
        int64_t start, end;
        if (fields < 3 || !mfd_parse_i64(field[1], strlen(field[1]), 0, INT64_MAX, &start) ||
            !mfd_parse_i64(field[2], strlen(field[2]), 1, INT64_MAX, &end))
            return fail_line(s, "is not CHROM, START and END between tabs", err);
        json_t *made = json_pack("{s:o, s:I, s:I}", "chrom", string_of(field[0], strlen(field[0])),
                                 "start", (json_int_t)start, "end", (json_int_t)end);
        if (made && fields > 3 && *field[3] && strcmp(field[3], ".") != 0)
            json_object_set_new(made, "id", string_of(field[3], strlen(field[3])));
        return give(made, item, err);
    }
    return 0;
}

/* The record that has begun, now whole. */
static json_t *record_of(struct source *s, const struct mfd_buffer *bases)
{
    json_t *id = string_of(s->name.data + 1, s->name.len - 1);
    json_t *sequence = string_of(bases->data ? bases->data : "", bases->len);
    mfd_buffer_clear(&s->name);
    return json_pack("{s:o, s:o}", "id", id, "sequence", sequence);
}

static int next_fasta(struct source *s, json_t **item, struct mfd_error *err)
{
    struct mfd_buffer bases = MFD_BUFFER_INIT;
    char *line;
    size_t n;
    int status, made = 0;
    while ((status = reader_line(&s->reader, &line, &n, err)) > 0) {
        if (line[0] != '>' && !s->name.len && n) {
            status = fail_line(s, "is no FASTA: a record begins with '>' and a name", err);
            break;
        }
        bool begins = line[0] == '>';
        if (begins && s->name.len) { /* the one before is whole */
            made = give(record_of(s, &bases), item, err);
        }
        if (begins)
            mfd_buffer_add(&s->name, line, strcspn(line, " \t"));
        else
            mfd_buffer_add(&bases, line, n);
        if (bases.failed || s->name.failed)
            status = mfd_fail_nomem(err);
        else if (bases.len > SEQUENCE_LIMIT)
            status = fail_line(s, "makes a record longer than any server takes", err);
        if (made || status < 0)
            break;
    }
    if (status == 0 && !made && s->name.len)
        made = give(record_of(s, &bases), item, err);
    mfd_buffer_deinit(&bases);
    return status < 0 ? status : made;
}

/* One alternative allele of a VCF line. A position that is no number goes as text: the server
 * answers that it is malformed, and the count of results stays the count of inputs. */
static json_t *vcf_item(const struct source *s, char **field, const char *alt, size_t n)
{
    int64_t pos;
    if (!mfd_parse_i64(field[1], strlen(field[1]), 1, INT64_MAX, &pos) || !*field[0] ||
        !*field[3] || !n) {
        struct mfd_buffer text = MFD_BUFFER_INIT;
        mfd_buffer_addf(&text, "%s-%s-%s-%.*s", field[0], field[1], field[3],
                        (int)(n < 4096 ? n : 4096), alt);
        json_t *item = text.failed ? NULL : string_of(text.data, text.len);
        mfd_buffer_deinit(&text);
        return item;
    }
    json_t *item = json_pack("{s:o, s:I, s:o, s:o}", "chrom", string_of(field[0], strlen(field[0])),
                             "pos", (json_int_t)pos, "ref", string_of(field[3], strlen(field[3])),
                             "alt", string_of(alt, n));
    if (item && *field[2] && strcmp(field[2], ".") != 0)
        json_object_set_new(item, "id", string_of(field[2], strlen(field[2])));
    json_t *length = json_object_get(s->contigs, field[0]);
    if (item && length)
        json_object_set(item, "chrom_length", length);
    return item;
}

/* What `key` ("ID=") is in a line such as "##contig=<ID=20,length=63025520>"; NULL: nothing. */
static const char *header_value(const char *line, const char *key, size_t *n)
{
    for (const char *at = strchr(line, '<'); at; at = strchr(at + 1, ','))
        if (strncmp(at + 1, key, strlen(key)) == 0) {
            at += 1 + strlen(key);
            *n = strcspn(at, ",>");
            return at;
        }
    return NULL;
}

/* Note how long a contig is: the server can tell by it that the variants are of another assembly.
 */
static int read_vcf_header(struct source *s, const char *line, struct mfd_error *err)
{
    size_t id_n, length_n;
    int64_t bases;
    if (strncmp(line, "##contig=<", 10) != 0)
        return MFD_OK;
    const char *id = header_value(line, "ID=", &id_n);
    const char *length = header_value(line, "length=", &length_n);
    if (!id || !length || !mfd_parse_i64(length, length_n, 1, INT64_MAX, &bases))
        return MFD_OK;
    if (!s->contigs && !(s->contigs = json_object()))
        return mfd_fail_nomem(err);
    json_object_setn_new(s->contigs, id, id_n, json_integer((json_int_t)bases)); /* if UTF-8 */
    return MFD_OK;
}

static int read_vcf_line(struct source *s, char *line, size_t len, struct mfd_error *err)
{
    char *field[6];
    int status = s->keeps_lines ? keep_line(s, line, len, err) : MFD_OK;
    if (status < 0)
        return status;
    if (split_tabs(line, field, 6) < 5)
        return fail_line(s,
                         "has fewer than the five columns CHROM, POS, ID, REF and ALT, between "
                         "tabs",
                         err);
    json_t *alleles = json_array();
    for (const char *alt = field[4];;) {
        size_t n = strcspn(alt, ",");
        if (!alleles || json_array_insert_new(alleles, 0, vcf_item(s, field, alt, n)) < 0) {
            json_decref(alleles);
            return mfd_fail_nomem(err);
        }
        if (!alt[n])
            break;
        alt += n + 1;
    }
    s->waiting = alleles;
    if (s->keeps_lines)
        s->newest->alleles = json_array_size(alleles);
    return MFD_OK;
}

static int next_vcf(struct source *s, json_t **item, struct mfd_error *err)
{
    char *line;
    size_t n;
    while (!s->waiting) {
        int status = reader_line(&s->reader, &line, &n, err);
        if (status <= 0)
            return status;
        if (s->keeps_lines && line[0] == '#' && !source_line(s)) {
            mfd_buffer_add(&s->header, line, n);
            mfd_buffer_addc(&s->header, '\n');
        }
        if (n == 0)
            continue;
        status = line[0] == '#' ? read_vcf_header(s, line, err) : read_vcf_line(s, line, n, err);
        if (status < 0)
            return status;
    }
    size_t last = json_array_size(s->waiting) - 1;
    *item = json_incref(json_array_get(s->waiting, last));
    json_array_remove(s->waiting, last);
    if (last == 0) {
        json_decref(s->waiting);
        s->waiting = NULL;
    }
    return 1;
}

int source_next(struct source *s, json_t **item, struct mfd_error *err)
{
    switch (s->kind) {
    case SOURCE_WORDS:
        if (s->next == s->n)
            return 0;
        s->next++;
        return give(string_of(s->words[s->next - 1], strlen(s->words[s->next - 1])), item, err);
    case SOURCE_LINES:
        return next_line(s, item, err);
    case SOURCE_BED:
        return next_bed(s, item, err);
    case SOURCE_FASTA:
        return next_fasta(s, item, err);
    case SOURCE_VCF:
        return next_vcf(s, item, err);
    }
    return 0;
}
