#include "core/genome/contigs.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/memory.h"
#include "core/base/parse.h"
#include "core/genome/assembly.h"
#include "core/genome/quote.h"

#define MAX_CONTIGS ((size_t)1 << 22)
#define MAX_NAME 1024 /* bytes */
#define COLUMNS 5

struct span {
    const char *s;
    size_t n;
};

char *mfd_name_key(const char *name, size_t n)
{
    if (n > 3 && strncasecmp(name, "chr", 3) == 0) {
        name += 3;
        n -= 3;
    }
    if (n == 1 && (*name == 'm' || *name == 'M'))
        return mfd_strdup("MT");
    char *key = mfd_strndup(name, n);
    for (char *p = key; p && *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
    return key;
}

void mfd_contigs_deinit(struct mfd_contigs *contigs)
{
    for (size_t i = 0; i < contigs->n; i++) {
        free(contigs->contig[i].name);
        free(contigs->contig[i].key);
    }
    free(contigs->contig);
    free(contigs->by_name);
    free(contigs->by_key);
    *contigs = (struct mfd_contigs)MFD_CONTIGS_INIT;
}

/* Columns of a line; the number there are, of which at most `max` are stored. */
static size_t split(const char *s, size_t n, struct span *column, size_t max)
{
    size_t count = 0;
    for (size_t from = 0;; count++) {
        const char *tab = memchr(s + from, '\t', n - from);
        size_t to = tab ? (size_t)(tab - s) : n;
        if (count < max)
            column[count] = (struct span){ s + from, to - from };
        if (!tab)
            return count + 1;
        from = to + 1;
    }
}

static bool name_is_fine(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] <= ' ' || s[i] > '~')
            return false;
    return n > 0 && n <= MAX_NAME;
}

/* A line holds its bases and one or two bytes of line end; a lone last line may have none. */
static bool shape_is_fine(const struct mfd_contig *c)
{
    if (c->length == 0)
        return true;
    int64_t end = c->line_width - c->line_bases;
    if (c->line_bases <= 0 || end < 0 || end > 2 || (end == 0 && c->length > c->line_bases))
        return false;
    int64_t lines = c->length / c->line_bases, bytes;
    return !__builtin_mul_overflow(lines + 1, c->line_width, &bytes) &&
           !__builtin_add_overflow(bytes, c->offset, &bytes);
}

static int parse_line(struct mfd_contig *c, const char *s, size_t n, const char *what, size_t line,
                      struct mfd_error *err)
{
    struct span column[COLUMNS];
    size_t columns = split(s, n, column, COLUMNS);
    if (columns == COLUMNS + 1)
        return mfd_fail(
            err, MFD_EFORMAT,
            "'%s' line %zu has 6 columns, so it is the index of a FASTQ, not of a FASTA", what,
            line);
    if (columns != COLUMNS)
        return mfd_fail(err, MFD_EFORMAT,
                        "'%s' line %zu has %zu columns where a .fai has 5; make it again with "
                        "`samtools faidx`",
                        what, line, columns);
    if (!name_is_fine(column[0].s, column[0].n))
        return mfd_fail(err, MFD_EFORMAT, "'%s' line %zu: %s is not a contig's name", what, line,
                        mfd_quote(column[0].s, column[0].n).text);
    int64_t *const number[] = { &c->length, &c->offset, &c->line_bases, &c->line_width };
    static const char *const means[] = { "length", "offset", "bases a line", "bytes a line" };
    for (size_t i = 0; i < 4; i++)
        if (!mfd_parse_i64(column[i + 1].s, column[i + 1].n, 0, INT64_MAX / 4, number[i]))
            return mfd_fail(err, MFD_EFORMAT, "'%s' line %zu: %s cannot be its %s", what, line,
                            mfd_quote(column[i + 1].s, column[i + 1].n).text, means[i]);
    if (!shape_is_fine(c))
        return mfd_fail(err, MFD_EFORMAT,
                        "'%s' line %zu: %lld bases in lines of %lld bases and %lld bytes from byte "
                        "%lld on cannot be",
                        what, line, (long long)c->length, (long long)c->line_bases,
                        (long long)c->line_width, (long long)c->offset);
    c->name = mfd_strndup(column[0].s, column[0].n);
    return c->name ? MFD_OK : mfd_fail_nomem(err);
}

/* A contig's own accession says what it is; otherwise its plain name and its length. */
static void identify(struct mfd_contig *c)
{
    struct mfd_accession accession;
    if (mfd_accession_parse(c->name, strlen(c->name), &accession)) {
        c->chromosome = accession.row;
        c->assemblies = accession.assemblies;
        c->foreign = !accession.assemblies;
    } else {
        c->chromosome = mfd_chromosome_find(c->key, c->length, &c->assemblies);
    }
}

static int by_name(const void *a, const void *b, void *contigs)
{
    const struct mfd_contig *contig = contigs;
    return strcmp(contig[*(const size_t *)a].name, contig[*(const size_t *)b].name);
}

static int by_key(const void *a, const void *b, void *contigs)
{
    const struct mfd_contig *contig = contigs;
    return strcmp(contig[*(const size_t *)a].key, contig[*(const size_t *)b].key);
}

static int index_names(struct mfd_contigs *cs, const char *what, struct mfd_error *err)
{
    cs->by_name = mfd_calloc(cs->n, sizeof *cs->by_name);
    cs->by_key = mfd_calloc(cs->n, sizeof *cs->by_key);
    if (!cs->by_name || !cs->by_key)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < cs->n; i++) {
        struct mfd_contig *c = &cs->contig[i];
        c->key = mfd_name_key(c->name, strlen(c->name));
        if (!c->key)
            return mfd_fail_nomem(err);
        identify(c);
        cs->by_name[i] = cs->by_key[i] = i;
    }
    qsort_r(cs->by_name, cs->n, sizeof *cs->by_name, by_name, cs->contig);
    qsort_r(cs->by_key, cs->n, sizeof *cs->by_key, by_key, cs->contig);
    for (size_t i = 1; i < cs->n; i++)
        if (by_name(&cs->by_name[i - 1], &cs->by_name[i], cs->contig) == 0)
            return mfd_fail(err, MFD_EFORMAT, "'%s' names contig '%s' twice", what,
                            cs->contig[cs->by_name[i]].name);
    return MFD_OK;
}

/* What all contigs whose assembly is told agree on; nothing where they do not. */
static unsigned common_assembly(const struct mfd_contigs *cs)
{
    unsigned common = MFD_GRCH37 | MFD_GRCH38;
    bool told = false;
    for (size_t i = 0; i < cs->n; i++)
        if (cs->contig[i].assemblies) {
            common &= cs->contig[i].assemblies;
            told = true;
        }
    return told ? common : 0;
}

static int parse_all(struct mfd_contigs *cs, const char *text, size_t n, const char *what,
                     struct mfd_error *err)
{
    size_t room = 0, line = 0;
    for (size_t from = 0; from < n;) {
        const char *newline = memchr(text + from, '\n', n - from);
        size_t to = newline ? (size_t)(newline - text) : n;
        size_t length = to > from && text[to - 1] == '\r' ? to - from - 1 : to - from;
        if (cs->n == room) {
            room = room ? 2 * room : 64;
            struct mfd_contig *more = mfd_realloc(cs->contig, room, sizeof *more);
            if (!more || room > MAX_CONTIGS)
                return mfd_fail(err, MFD_ELIMIT, "'%s' has more than %zu contigs", what, cs->n);
            cs->contig = more;
        }
        struct mfd_contig c = { 0 };
        int status = parse_line(&c, text + from, length, what, ++line, err);
        if (status != MFD_OK)
            return status;
        cs->contig[cs->n++] = c;
        from = to + 1;
    }
    if (cs->n == 0)
        return mfd_fail(err, MFD_EFORMAT, "'%s' is empty; make it again with `samtools faidx`",
                        what);
    return index_names(cs, what, err);
}

int mfd_contigs_parse(struct mfd_contigs *out, const char *text, size_t n, const char *what,
                      unsigned assembly, struct mfd_error *err)
{
    struct mfd_contigs cs = MFD_CONTIGS_INIT;
    int status = parse_all(&cs, text, n, what, err);
    if (status != MFD_OK) {
        mfd_contigs_deinit(&cs);
        return status;
    }
    cs.assemblies = assembly ? assembly : common_assembly(&cs);
    *out = cs;
    return MFD_OK;
}

unsigned mfd_contig_assemblies(const struct mfd_contigs *contigs, size_t contig)
{
    const struct mfd_contig *c = &contigs->contig[contig];
    if (!c->assemblies)
        return c->foreign ? 0 : contigs->assemblies;
    /* the mitochondrion is in both assemblies: let the others decide */
    unsigned both = c->assemblies & contigs->assemblies;
    return both ? both : c->assemblies;
}
