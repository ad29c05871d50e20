#include "core/genome/vcf_header.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/base/parse.h"
#include "core/genome/quote.h"

static const char *const names[] = { "#CHROM", "POS",    "ID",   "REF",   "ALT",
                                     "QUAL",   "FILTER", "INFO", "FORMAT" };
#define NAMES (sizeof names / sizeof *names)
#define MAX_CONTIG_LINES ((size_t)1 << 20)

void mfd_vcf_header_deinit(struct mfd_vcf_header *h)
{
    for (size_t i = 0; i < h->contigs; i++)
        free(h->contig[i].name);
    free(h->contig);
    mfd_buffer_deinit(&h->text);
    mfd_buffer_deinit(&h->columns);
    *h = (struct mfd_vcf_header){ 0 };
}

struct mfd_span mfd_vcf_header_text(const struct mfd_vcf_header *header)
{
    return (struct mfd_span){ header->text.data ? header->text.data : "", header->text.len };
}

size_t mfd_vcf_header_columns(const struct mfd_vcf_header *header)
{
    return header->n_columns;
}

static int by_name(const void *a, const void *b)
{
    const struct mfd_vcf_contig *x = a, *y = b;
    return strcmp(x->name, y->name);
}

bool mfd_vcf_header_declares(const struct mfd_vcf_header *header, const char *name, size_t n,
                             int64_t *length)
{
    size_t low = 0, high = header->contigs;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct mfd_vcf_contig *contig = &header->contig[mid];
        int order = strncmp(contig->name, name, n);
        if (order == 0 && contig->name[n] == '\0') {
            if (length)
                *length = contig->length;
            return true;
        }
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

static bool starts(const char *s, size_t n, const char *with)
{
    size_t m = strlen(with);
    return n >= m && memcmp(s, with, m) == 0;
}

/* What `key` ("ID=") is in a structured line such as "##contig=<ID=20,length=...>" that begins with
 * `kind`; empty where it is none. Keys come in any order. */
static struct mfd_span value_of(const char *s, size_t n, const char *kind, const char *key)
{
    struct mfd_span value = { "", 0 };
    size_t at = strlen(kind);
    if (!starts(s, n, kind))
        return value;
    while (at < n && !starts(s + at, n - at, key)) {
        const char *comma = memchr(s + at, ',', n - at);
        if (!comma)
            return value;
        at = (size_t)(comma - s) + 1;
    }
    at += strlen(key);
    size_t end = at;
    while (end < n && s[end] != ',' && s[end] != '>')
        end++;
    return at < n ? (struct mfd_span){ s + at, end - at } : value;
}

static int note_contig(struct mfd_vcf_header *h, const char *s, size_t n, struct mfd_error *err)
{
    static const char kind[] = "##contig=<";
    struct mfd_span id = value_of(s, n, kind, "ID="), length = value_of(s, n, kind, "length=");
    if (id.n == 0)
        return MFD_OK;
    if (h->contigs == h->contig_room) {
        size_t room = h->contig_room ? 2 * h->contig_room : 64;
        struct mfd_vcf_contig *more =
            room <= MAX_CONTIG_LINES ? mfd_realloc(h->contig, room, sizeof *more) : NULL;
        if (!more)
            return mfd_fail(err, MFD_ELIMIT, "the VCF header declares more than %zu contigs",
                            h->contigs);
        h->contig = more;
        h->contig_room = room;
    }
    struct mfd_vcf_contig contig = { .name = mfd_strndup(id.s, id.n) };
    if (!contig.name)
        return mfd_fail_nomem(err);
    if (!mfd_parse_i64(length.s, length.n, 1, INT64_MAX, &contig.length))
        contig.length = 0;
    h->contig[h->contigs++] = contig;
    return MFD_OK;
}

/* "#CHROM POS ID ...", which ends the header. */
static int take_columns(struct mfd_vcf_header *h, const char *s, size_t n, uint64_t line,
                        struct mfd_error *err)
{
    size_t count = 0;
    for (size_t from = 0; from <= n; count++) {
        const char *tab = memchr(s + from, '\t', n - from);
        size_t to = tab ? (size_t)(tab - s) : n;
        if (count < NAMES &&
            (to - from != strlen(names[count]) || memcmp(s + from, names[count], to - from) != 0))
            return mfd_fail_as(
                err, MFD_EFORMAT, "bad-request", "VCF line %llu: column %zu is %s, not %s%s",
                (unsigned long long)line, count + 1, mfd_quote(s + from, to - from).text,
                names[count], memchr(s, ' ', n) ? "; columns are separated by tabs" : "");
        from = to + 1;
    }
    if (count < MFD_VCF_COLUMNS)
        return mfd_fail_as(err, MFD_EFORMAT, "bad-request",
                           "VCF line %llu: the #CHROM line has %zu columns, of 8 at least",
                           (unsigned long long)line, count);
    mfd_buffer_add(&h->columns, s, n);
    if (h->columns.failed)
        return mfd_fail_nomem(err);
    if (h->contigs)
        qsort(h->contig, h->contigs, sizeof *h->contig, by_name);
    h->n_columns = count;
    return MFD_OK;
}

int mfd_vcf_header_take(struct mfd_vcf_header *h, const char *s, size_t n, uint64_t line,
                        struct mfd_error *err)
{
    if (line == 1 && starts(s, n, "\xef\xbb\xbf")) { /* as editors elsewhere begin a file */
        s += 3;
        n -= 3;
    }
    if (starts(s, n, "##") && !memchr(s, '\0', n)) {
        mfd_buffer_add(&h->text, s, n);
        mfd_buffer_addc(&h->text, '\n');
        return h->text.failed ? mfd_fail_nomem(err) : note_contig(h, s, n, err);
    }
    if (starts(s, n, "#CHROM"))
        return take_columns(h, s, n, line, err);
    if (n == 0 && line == 1)
        return mfd_fail_as(err, MFD_EFORMAT, "bad-request",
                           "VCF line 1 is empty, so this is no VCF");
    if (starts(s, n, "BCF\2"))
        return mfd_fail_as(err, MFD_EFORMAT, "bad-request",
                           "this is BCF, which is not read; convert it with `bcftools view -Oz`");
    return mfd_fail_as(
        err, MFD_EFORMAT, "bad-request",
        "VCF line %llu is %s where the header goes on; before the records there is a "
        "line that begins with #CHROM",
        (unsigned long long)line, mfd_quote(s, n).text);
}

/* How the input spells contigs, beside how the genome does. */
enum spelling { AS_GENOME, WITHOUT_CHR, WITH_CHR, BY_ACCESSION };

static bool has_chr(const char *s, size_t n)
{
    return n > 3 && strncasecmp(s, "chr", 3) == 0;
}

static enum spelling spelling_of(struct mfd_genome *genome, struct mfd_span name, size_t contig)
{
    const char *own = mfd_genome_contig_name(genome, contig);
    size_t n = strlen(own);
    if (n == name.n && memcmp(own, name.s, n) == 0)
        return AS_GENOME;
    if (starts(name.s, name.n, "NC_"))
        return BY_ACCESSION;
    if (has_chr(name.s, name.n))
        return has_chr(own, n) ? AS_GENOME : WITH_CHR;
    return has_chr(own, n) ? WITHOUT_CHR : AS_GENOME;
}

static void add_contig_line(struct mfd_genome *genome, size_t contig, const char *name,
                            struct mfd_buffer *out)
{
    if (name[strcspn(name, "<>,\" ")]) /* cannot be declared */
        return;
    mfd_buffer_addf(out, "##contig=<ID=%s,length=%lld", name,
                    (long long)mfd_genome_contig_length(genome, contig));
    if (mfd_genome_assembly(genome))
        mfd_buffer_addf(out, ",assembly=%s", mfd_genome_assembly(genome));
    mfd_buffer_adds(out, ">\n");
}

static int add_all_contigs(struct mfd_genome *genome, size_t first, struct mfd_span first_name,
                           enum spelling spelling, struct mfd_buffer *out, struct mfd_error *err)
{
    MFD_CLEANUP(mfd_buffer_deinit) struct mfd_buffer name = MFD_BUFFER_INIT;
    for (size_t i = 0; i < mfd_genome_contigs(genome); i++) {
        const char *own = mfd_genome_contig_name(genome, i);
        mfd_buffer_clear(&name);
        if (i == first)
            mfd_buffer_add(&name, first_name.s, first_name.n);
        else if (spelling == BY_ACCESSION)
            mfd_genome_contig_accession(genome, i, &name);
        else if (spelling == WITHOUT_CHR && has_chr(own, strlen(own)))
            mfd_buffer_adds(&name, strcasecmp(own, "chrM") == 0 ? "MT" : own + 3);
        else if (spelling == WITH_CHR)
            mfd_buffer_addf(&name, "chr%s", strcmp(own, "MT") == 0 ? "M" : own);
        else
            mfd_buffer_adds(&name, own);
        if (name.failed)
            return mfd_fail_nomem(err);
        add_contig_line(genome, i, name.data, out);
    }
    return MFD_OK;
}

static int add_contigs(const struct mfd_vcf_header *h, struct mfd_genome *genome,
                       const struct mfd_vcf_record *first, struct mfd_buffer *out,
                       struct mfd_error *err)
{
    size_t contig = MFD_NO_CONTIG;
    struct mfd_span name = { "", 0 };
    if (first && !first->malformed) {
        name = first->column[MFD_VCF_CHROM];
        contig = mfd_genome_find_contig(genome, name.s, name.n);
    }
    if (h->contigs == 0) {
        enum spelling spelling =
            contig == MFD_NO_CONTIG ? AS_GENOME : spelling_of(genome, name, contig);
        return add_all_contigs(genome, contig, name, spelling, out, err);
    }
    if (contig != MFD_NO_CONTIG && !mfd_vcf_header_declares(h, name.s, name.n, NULL)) {
        MFD_AUTO_FREE char *copy = mfd_strndup(name.s, name.n);
        if (!copy)
            return mfd_fail_nomem(err);
        add_contig_line(genome, contig, copy, out);
    }
    return MFD_OK;
}

static void add_fields(const struct mfd_vcf_writer_options *options, struct mfd_buffer *out)
{
    for (size_t i = 0; i < options->n_fields; i++) {
        const struct mfd_vcf_field *f = &options->fields[i];
        mfd_buffer_addf(out, "##INFO=<ID=%s,Number=%s,Type=%s,Description=\"", f->id, f->number,
                        f->type);
        for (const char *p = f->description; *p; p++) {
            if (*p == '"' || *p == '\\')
                mfd_buffer_addc(out, '\\');
            mfd_buffer_addc(out, *p == '\n' || *p == '\r' ? ' ' : *p);
        }
        mfd_buffer_adds(out, "\">\n");
    }
}

/* A line of the input that ours replace: a declaration of one of our fields. */
static bool is_replaced(const struct mfd_vcf_writer_options *options, const char *s, size_t n)
{
    struct mfd_span id = value_of(s, n, "##INFO=<", "ID=");
    for (size_t i = 0; id.n && i < options->n_fields; i++)
        if (strlen(options->fields[i].id) == id.n && memcmp(options->fields[i].id, id.s, id.n) == 0)
            return true;
    return false;
}

/* The input's lines: the file format, or everything else but what is replaced. */
static bool add_lines(const struct mfd_vcf_header *h, bool format,
                      const struct mfd_vcf_writer_options *options, struct mfd_buffer *out)
{
    bool any = false;
    for (size_t from = 0; from < h->text.len;) {
        const char *s = h->text.data + from;
        size_t n = (size_t)((const char *)memchr(s, '\n', h->text.len - from) - s) + 1;
        bool is_format = starts(s, n, "##fileformat=");
        if (is_format == format && !(format && any) && !is_replaced(options, s, n)) {
            mfd_buffer_add(out, s, n);
            any = true;
        }
        from += n;
    }
    return any;
}

int mfd_vcf_header_write(const struct mfd_vcf_header *h,
                         const struct mfd_vcf_writer_options *options,
                         const struct mfd_vcf_record *first, struct mfd_buffer *out,
                         struct mfd_error *err)
{
    if (!add_lines(h, true, options, out))
        mfd_buffer_adds(out, "##fileformat=VCFv4.2\n");
    add_lines(h, false, options, out);
    if (options->genome) {
        int status = add_contigs(h, options->genome, first, out, err);
        if (status != MFD_OK)
            return status;
    }
    add_fields(options, out);
    for (size_t i = 0; i < options->n_lines; i++)
        mfd_buffer_addf(out, "%s\n", options->lines[i]);
    mfd_buffer_add(out, h->columns.data, h->columns.len);
    mfd_buffer_addc(out, '\n');
    return out->failed ? mfd_fail_nomem(err) : MFD_OK;
}
