#include "core/tool/bench_input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/genome/vcf.h"

#define WINDOWS 32
#define MADE_UP_BASES 200000

int bench_input_init(struct bench_input *input, const struct mfd_config *config,
                     const struct mfd_head *head, const char *genome, const char *vcf,
                     struct mfd_error *err)
{
    size_t window = mfd_config_window(config), tracks = head->tracks;
    if (!genome != !vcf)
        return mfd_fail(err, MFD_EINVAL, "--genome and --variants go together");
    struct bench_input in = {
        .config = config, .n_bases = MADE_UP_BASES, .genome = genome, .vcf = vcf
    };
    if (in.n_bases < WINDOWS * window)
        in.n_bases = WINDOWS * window;
    in.bases = mfd_calloc(in.n_bases + 1, 1);
    in.windows = mfd_calloc(WINDOWS, sizeof *in.windows);
    in.out.predictions = mfd_aligned(BENCH_ROWS * tracks, sizeof(float));
    in.out.logits_biological = mfd_aligned(BENCH_ROWS * tracks, sizeof(float));
    in.out.logits_technical = mfd_aligned(BENCH_ROWS * tracks, sizeof(float));
    in.out.features = mfd_aligned(BENCH_ROWS * head->embed, sizeof(float));
    in.swap[0] = mfd_aligned(BENCH_ROWS * tracks, sizeof(float));
    in.swap[1] = mfd_aligned(BENCH_ROWS * tracks, sizeof(float));
    *input = in;
    if (!in.bases || !in.windows || !in.out.predictions || !in.out.logits_biological ||
        !in.out.logits_technical || !in.out.features || !in.swap[0] || !in.swap[1])
        return mfd_fail_nomem(err);
    uint32_t state = 1;
    for (size_t i = 0; i < in.n_bases; i++)
        in.bases[i] = "ACGT"[(state = state * 1664525u + 1013904223u) >> 30];
    for (size_t i = 0; i < WINDOWS; i++)
        in.windows[i] = (struct mfd_window){ in.bases + i * window, window };
    return MFD_OK;
}

void bench_input_deinit(struct bench_input *in)
{
    free(in->bases);
    free(in->windows);
    free(in->out.predictions);
    free(in->out.logits_biological);
    free(in->out.logits_technical);
    free(in->out.features);
    free(in->swap[0]);
    free(in->swap[1]);
    memset(in, 0, sizeof *in);
}

/* A FASTA of one contig and its index, opened; the files are gone when this returns. */
static int made_up_genome(struct mfd_genome **out, const struct bench_input *in,
                          struct mfd_error *err)
{
    const char *tmp = getenv("TMPDIR");
    char path[4096], index[4100];
    struct mfd_buffer fasta = MFD_BUFFER_INIT, fai = MFD_BUFFER_INIT;
    snprintf(path, sizeof path, "%s/mfd-bench-%ld.fa", tmp ? tmp : "/tmp", (long)getpid());
    snprintf(index, sizeof index, "%s.fai", path);
    mfd_buffer_adds(&fasta, ">made_up\n");
    mfd_buffer_add(&fasta, in->bases, in->n_bases);
    mfd_buffer_addc(&fasta, '\n');
    mfd_buffer_addf(&fai, "made_up\t%zu\t9\t%zu\t%zu\n", in->n_bases, in->n_bases, in->n_bases + 1);
    int status = fasta.failed || fai.failed ? mfd_fail_nomem(err) : MFD_OK;
    if (!status)
        status = mfd_file_replace(path, fasta.data, fasta.len, err);
    if (!status)
        status = mfd_file_replace(index, fai.data, fai.len, err);
    if (!status)
        status = mfd_genome_open(out, path, err);
    unlink(path);
    unlink(index);
    mfd_buffer_deinit(&fasta);
    mfd_buffer_deinit(&fai);
    return status;
}

int bench_variants_made_up(struct bench_variants *v, const struct bench_input *in, size_t n,
                           size_t step, struct mfd_error *err)
{
    memset(v, 0, sizeof *v);
    v->variants = mfd_calloc(n, sizeof *v->variants);
    int status = v->variants ? made_up_genome(&v->genome, in, err) : mfd_fail_nomem(err);
    size_t first = 2 * mfd_config_window(in->config);
    for (; v->n < n && status == MFD_OK; v->n++) {
        size_t pos = first + v->n * step;
        if (pos + first > in->n_bases)
            return mfd_fail(err, MFD_ELIMIT, "%zu variants every %zu bases do not fit", n, step);
        char ref[2] = { in->bases[pos] }, alt[2] = { ref[0] == 'T' ? 'A' : 'T' };
        status = mfd_variant_set(&v->variants[v->n], v->genome, "made_up", (int64_t)pos, ref, alt,
                                 NULL, err);
    }
    return status;
}

static int append(struct bench_variants *v, size_t *size, const struct mfd_vcf_record *record,
                  size_t allele, struct mfd_error *err)
{
    if (v->n == *size) {
        size_t more = *size ? 2 * *size : 1024;
        struct mfd_variant *p = mfd_realloc(v->variants, more, sizeof *p);
        if (!p)
            return mfd_fail_nomem(err);
        v->variants = p;
        *size = more;
    }
    int status = mfd_vcf_record_variant(record, allele, v->genome, &v->variants[v->n], NULL, err);
    v->n += status == MFD_OK;
    return status;
}

MFD_DEFINE_CLEANUP(struct mfd_vcf_reader, mfd_vcf_reader_free);

int bench_variants_read(struct bench_variants *v, const struct bench_input *in,
                        struct mfd_error *err)
{
    MFD_CLEANUP(mfd_vcf_reader_free_p) struct mfd_vcf_reader *reader = NULL;
    const struct mfd_vcf_record *record = NULL;
    size_t size = 0;
    memset(v, 0, sizeof *v);
    int status = mfd_genome_open(&v->genome, in->genome, err);
    if (!status)
        status = mfd_vcf_reader_open(&reader, in->vcf, NULL, err);
    while (!status && !(status = mfd_vcf_reader_next(reader, &record, err)) && record)
        for (size_t a = 0; a < record->alleles && !status; a++)
            status = append(v, &size, record, a, err);
    return status;
}

void bench_variants_deinit(struct bench_variants *v)
{
    for (size_t i = 0; i < v->n; i++)
        mfd_variant_deinit(&v->variants[i]);
    free(v->variants);
    mfd_genome_unref(v->genome);
    memset(v, 0, sizeof *v);
}
