#include "core/genome/genome.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/genome/assembly.h"
#include "core/genome/contigs.h"
#include "core/genome/quote.h"
#include "core/genome/fasta.h"

#define FAI_LIMIT ((size_t)256 << 20) /* bytes */
#define CHUNK 32768                   /* bases read, checked and kept together */
#define SLOTS 64                      /* chunks kept: 2 MiB a genome */
#define HEADER_LIMIT 8192             /* bytes of a header line that are looked at */

struct chunk {
    size_t contig; /* MFD_NO_CONTIG = empty */
    int64_t index;
    size_t n; /* bases */
    char *bases;
};

struct mfd_genome {
    atomic_uint refs;
    char *path, *fai;
    struct mfd_genome_stamp stamp;
    struct mfd_contigs contigs;
    pthread_mutex_t lock; /* over what follows, and the contigs' `checked` */
    struct mfd_fasta *fasta;
    struct chunk chunk[SLOTS];
    char *raw; /* a chunk with its line ends, at most 3*CHUNK bytes */
};

static void genome_free(struct mfd_genome *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        free(g->chunk[i].bases);
    mfd_fasta_free(g->fasta);
    mfd_contigs_deinit(&g->contigs);
    pthread_mutex_destroy(&g->lock);
    free(g->raw);
    free(g->fai);
    free(g->path);
    free(g);
}

MFD_DEFINE_CLEANUP(struct mfd_genome, genome_free);

struct mfd_genome *mfd_genome_ref(struct mfd_genome *genome)
{
    if (genome)
        atomic_fetch_add_explicit(&genome->refs, 1, memory_order_relaxed);
    return genome;
}

void mfd_genome_unref(struct mfd_genome *genome)
{
    if (genome && atomic_fetch_sub_explicit(&genome->refs, 1, memory_order_acq_rel) == 1)
        genome_free(genome);
}

static int foreign(const struct mfd_genome *g, const struct mfd_contig *c, struct mfd_error *err)
{
    return mfd_fail(err, MFD_EFORMAT,
                    "'%s' does not belong to '%s': contig '%.40s' is not where it says; make it "
                    "again with `samtools faidx`",
                    g->fai, g->path, c->name);
}

/* The line before a contig's first base is its header. */
static int check_head(struct mfd_genome *g, const struct mfd_contig *c, struct mfd_error *err)
{
    char text[HEADER_LIMIT];
    size_t want = c->offset < HEADER_LIMIT ? (size_t)c->offset : HEADER_LIMIT, got,
           n = strlen(c->name);
    int status = mfd_fasta_read(g->fasta, c->offset - (int64_t)want, text, want, &got, err);
    if (status != MFD_OK)
        return status;
    if (got != want || got == 0 || text[got - 1] != '\n')
        return foreign(g, c, err);
    const char *before = memrchr(text, '\n', got - 1);
    const char *header = before ? before + 1 : text;
    size_t length = (size_t)(text + got - header);
    if (length < n + 2 || *header != '>' || memcmp(header + 1, c->name, n) != 0 ||
        (unsigned char)header[n + 1] > ' ')
        return foreign(g, c, err);
    return MFD_OK;
}

/* Behind its last base there is the next header, or nothing. */
static int check_tail(struct mfd_genome *g, const struct mfd_contig *c, struct mfd_error *err)
{
    if (c->length == 0)
        return MFD_OK;
    char text[64];
    size_t got, i = 1;
    int status =
        mfd_fasta_read(g->fasta, mfd_contig_place(c, c->length - 1), text, sizeof text, &got, err);
    if (status != MFD_OK)
        return status;
    if (got == 0)
        return mfd_fail(err, MFD_EFORMAT,
                        "'%s' ends before contig '%.40s' does according to '%s': it was cut short, "
                        "or the index belongs to another file",
                        g->path, c->name, g->fai);
    while (i < got && (text[i] == '\n' || text[i] == '\r'))
        i++;
    if (i < got && (i == 1 || text[i] != '>'))
        return foreign(g, c, err);
    return MFD_OK;
}

static int check_contig(struct mfd_genome *g, size_t contig, struct mfd_error *err)
{
    struct mfd_contig *c = &g->contigs.contig[contig];
    if (c->checked)
        return MFD_OK;
    int status = check_head(g, c, err);
    if (status == MFD_OK)
        status = check_tail(g, c, err);
    c->checked = status == MFD_OK;
    return status;
}

/* The .fai, made first where it is missing and that is wanted. */
static int load_contigs(struct mfd_genome *g, const char *real, const char *gzi,
                        const struct mfd_genome_options *options, unsigned assembly,
                        struct mfd_error *err)
{
    MFD_CLEANUP(mfd_buffer_deinit) struct mfd_buffer text = MFD_BUFFER_INIT;
    if (options->build_index && access(g->fai, F_OK) < 0) {
        int status = mfd_fasta_build_index(real, g->fai, gzi, err);
        if (status != MFD_OK)
            return status;
    }
    int status = mfd_file_read(g->fai, FAI_LIMIT, &text, err);
    if (status == MFD_ENOTFOUND)
        return mfd_fail(err, status, "there is no index '%s'; make it with `samtools faidx %s`",
                        g->fai, g->path);
    if (status != MFD_OK)
        return status;
    return mfd_contigs_parse(&g->contigs, text.len ? text.data : "", text.len, g->fai, assembly,
                             err);
}

static char *with_suffix(const char *path, const char *suffix)
{
    struct mfd_buffer b = MFD_BUFFER_INIT;
    mfd_buffer_addf(&b, "%s%s", path, suffix);
    return mfd_buffer_steal(&b, NULL);
}

static int check_ends(struct mfd_genome *g, struct mfd_error *err)
{
    size_t last = 0;
    for (size_t i = 1; i < g->contigs.n; i++)
        if (g->contigs.contig[i].offset > g->contigs.contig[last].offset)
            last = i;
    int status = check_contig(g, 0, err);
    return status == MFD_OK ? check_contig(g, last, err) : status;
}

static int load(struct mfd_genome *g, const struct mfd_genome_options *options,
                struct mfd_error *err)
{
    unsigned assembly = options->assembly ? mfd_assembly_named(options->assembly) : 0;
    if (options->assembly && !assembly)
        return mfd_fail(err, MFD_EINVAL,
                        "assembly %s is not known; GRCh37 (hg19, b37) and GRCh38 (hg38) are",
                        mfd_quote(options->assembly, strlen(options->assembly)).text);
    /* absolute, or htslib may take a name for an address */
    MFD_AUTO_FREE char *real = realpath(g->path, NULL);
    if (!real)
        return mfd_fail(err, errno == ENOENT ? MFD_ENOTFOUND : MFD_EIO, "cannot open '%s': %s",
                        g->path, strerror(errno));
    MFD_AUTO_FREE char *gzi_given =
        options->gzi ? mfd_strdup(options->gzi) : with_suffix(real, ".gzi");
    g->fai = options->fai ? mfd_strdup(options->fai) : with_suffix(g->path, ".fai");
    if (!g->fai || !gzi_given)
        return mfd_fail_nomem(err);
    int status = load_contigs(g, real, gzi_given, options, assembly, err);
    if (status != MFD_OK)
        return status;
    g->stamp = mfd_genome_stamp_now(g);
    MFD_AUTO_FREE char *gzi = realpath(gzi_given, NULL);
    status = mfd_fasta_open(&g->fasta, real, gzi ? gzi : gzi_given, err);
    return status == MFD_OK ? check_ends(g, err) : status;
}

int mfd_genome_open_with(struct mfd_genome **out, const char *path,
                         const struct mfd_genome_options *options, struct mfd_error *err)
{
    struct mfd_genome *g = mfd_calloc(1, sizeof *g);
    if (!g)
        return mfd_fail_nomem(err);
    atomic_init(&g->refs, 1);
    pthread_mutex_init(&g->lock, NULL);
    MFD_CLEANUP(genome_free_p) struct mfd_genome *owned = g;
    for (size_t i = 0; i < SLOTS; i++)
        g->chunk[i].contig = MFD_NO_CONTIG;
    g->path = mfd_strdup(path);
    g->raw = mfd_calloc(3, CHUNK);
    if (!g->path || !g->raw)
        return mfd_fail_nomem(err);
    int status = load(g, options, err);
    if (status == MFD_OK)
        *out = mfd_steal(owned);
    return status;
}

int mfd_genome_open(struct mfd_genome **out, const char *path, struct mfd_error *err)
{
    const struct mfd_genome_options options = MFD_GENOME_OPTIONS_INIT;
    return mfd_genome_open_with(out, path, &options, err);
}

struct mfd_genome_stamp mfd_genome_stamp_now(const struct mfd_genome *genome)
{
    struct mfd_genome_stamp stamp = { "" };
    struct stat a, b;
    if (stat(genome->path, &a) == 0 && stat(genome->fai, &b) == 0)
        snprintf(stamp.text, sizeof stamp.text, "%lld-%lld.%09ld %lld-%lld.%09ld",
                 (long long)a.st_size, (long long)a.st_mtim.tv_sec, a.st_mtim.tv_nsec,
                 (long long)b.st_size, (long long)b.st_mtim.tv_sec, b.st_mtim.tv_nsec);
    return stamp;
}

struct mfd_genome_stamp mfd_genome_stamp(const struct mfd_genome *genome)
{
    return genome->stamp;
}

const char *mfd_genome_index(const struct mfd_genome *genome)
{
    return genome->fai;
}

const char *mfd_genome_path(const struct mfd_genome *genome)
{
    return genome->path;
}

const char *mfd_genome_assembly(const struct mfd_genome *genome)
{
    return mfd_assembly_name(genome->contigs.assemblies);
}

size_t mfd_genome_contigs(const struct mfd_genome *genome)
{
    return genome->contigs.n;
}

const char *mfd_genome_contig_name(const struct mfd_genome *genome, size_t contig)
{
    return genome->contigs.contig[contig].name;
}

int64_t mfd_genome_contig_length(const struct mfd_genome *genome, size_t contig)
{
    return genome->contigs.contig[contig].length;
}

int mfd_genome_resolve(const struct mfd_genome *genome, const char *name, size_t n, size_t *contig,
                       struct mfd_error *err)
{
    return mfd_contigs_resolve(&genome->contigs, name, n, contig, err);
}

size_t mfd_genome_find_contig(const struct mfd_genome *genome, const char *name, size_t n)
{
    size_t contig;
    return mfd_contigs_resolve(&genome->contigs, name, n, &contig, NULL) == MFD_OK ? contig
                                                                                   : MFD_NO_CONTIG;
}

void mfd_genome_contig_accession(const struct mfd_genome *genome, size_t contig,
                                 struct mfd_buffer *out)
{
    const struct mfd_contig *c = &genome->contigs.contig[contig];
    unsigned of = mfd_contig_assemblies(&genome->contigs, contig);
    char accession[24];
    unsigned one = of & MFD_GRCH37 ? MFD_GRCH37 : of;
    bool known =
        c->chromosome != MFD_NO_CHROMOSOME && mfd_chromosome_refseq(c->chromosome, one, accession);
    mfd_buffer_adds(out, known ? accession : c->name);
}

/* Upper case of the bytes that a sequence may hold (IUPAC letters, gaps), 0 for others. */
static char base_of(char c)
{
    if (c >= 'a' && c <= 'z')
        return (char)(c - 'a' + 'A');
    return (c >= 'A' && c <= 'Z') || c == '*' || c == '-' ? c : 0;
}

/* Take the bases out of the raw bytes from base `first` on. False where line ends or bases are not
 * where they must be. */
static bool unwrap(const struct mfd_contig *c, int64_t first, const char *raw, size_t n_raw,
                   char *bases, size_t n)
{
    int64_t column = first % c->line_bases;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (column == c->line_bases) {
            for (int64_t k = c->line_bases; k < c->line_width; k++, at++)
                if (at >= n_raw || (raw[at] != '\n' && raw[at] != '\r'))
                    return false;
            column = 0;
        }
        if (at >= n_raw || !(bases[i] = base_of(raw[at++])))
            return false;
        column++;
    }
    return true;
}

static int read_chunk(struct mfd_genome *g, size_t contig, int64_t index, struct chunk *chunk,
                      struct mfd_error *err)
{
    const struct mfd_contig *c = &g->contigs.contig[contig];
    int64_t first = index * CHUNK;
    size_t n = c->length - first < CHUNK ? (size_t)(c->length - first) : CHUNK, got;
    int64_t from = mfd_contig_place(c, first), to = mfd_contig_place(c, first + (int64_t)n - 1) + 1;
    if (!chunk->bases && !(chunk->bases = mfd_calloc(CHUNK, 1)))
        return mfd_fail_nomem(err);
    chunk->contig = MFD_NO_CONTIG;
    int status = mfd_fasta_read(g->fasta, from, g->raw, (size_t)(to - from), &got, err);
    if (status != MFD_OK)
        return status;
    if (got < (size_t)(to - from))
        return mfd_fail(err, MFD_EFORMAT, "'%s' ends before contig '%.40s' does: it was cut short",
                        g->path, c->name);
    if (!unwrap(c, first, g->raw, got, chunk->bases, n))
        return foreign(g, c, err);
    *chunk = (struct chunk){ .contig = contig, .index = index, .n = n, .bases = chunk->bases };
    return MFD_OK;
}

/* Copy [start, end), inside the contig, by way of the chunks. */
static int copy_bases(struct mfd_genome *g, size_t contig, int64_t start, int64_t end, char *bases,
                      struct mfd_error *err)
{
    int status = check_contig(g, contig, err);
    while (status == MFD_OK && start < end) {
        int64_t index = start / CHUNK, offset = start % CHUNK;
        struct chunk *chunk = &g->chunk[((uint64_t)index + contig * 31) % SLOTS];
        if (chunk->contig != contig || chunk->index != index)
            status = read_chunk(g, contig, index, chunk, err);
        if (status != MFD_OK)
            break;
        int64_t n =
            end - start < (int64_t)chunk->n - offset ? end - start : (int64_t)chunk->n - offset;
        memcpy(bases, chunk->bases + offset, (size_t)n);
        bases += n;
        start += n;
    }
    return status;
}

/* What was read before a change may have been kept, and what is read after it fits no index:
 * nothing of such a file is given away any more. */
static int read_bases(struct mfd_genome *g, size_t contig, int64_t start, int64_t end, char *bases,
                      struct mfd_error *err)
{
    pthread_mutex_lock(&g->lock);
    int status = copy_bases(g, contig, start, end, bases, err);
    bool changed = mfd_fasta_changed(g->fasta);
    pthread_mutex_unlock(&g->lock);
    if (changed)
        return mfd_fail_as(err, MFD_EIO, "genome-changed",
                           "'%s' has been written to since it was opened; open it again (restart "
                           "the server) once it is whole, with an index of its own",
                           g->path);
    return status;
}

int mfd_genome_fetch(struct mfd_genome *genome, size_t contig, int64_t start, int64_t end,
                     char *bases, int64_t *outside, struct mfd_error *err)
{
    if (contig >= genome->contigs.n || start > end)
        return mfd_fail(err, MFD_EINVAL, "bases [%lld, %lld) of contig number %zu cannot be read",
                        (long long)start, (long long)end, contig);
    int64_t length = genome->contigs.contig[contig].length;
    int64_t from = start < 0 ? 0 : start, to = end > length ? length : end;
    if (from >= to) { /* nothing of it inside */
        memset(bases, 'N', (size_t)(end - start));
        from = to = end;
    } else {
        memset(bases, 'N', (size_t)(from - start));
        memset(bases + (to - start), 'N', (size_t)(end - to));
        int status = read_bases(genome, contig, from, to, bases + (from - start), err);
        if (status != MFD_OK)
            return status;
    }
    if (outside)
        *outside = (end - start) - (to - from);
    return MFD_OK;
}
