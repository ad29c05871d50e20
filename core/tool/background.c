/* mfd-model background: put the distribution of common variants' effects into a bundle. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/genome/vcf.h"
#include "core/score/background.h"
#include "core/score/score.h"
#include "core/tool/tool.h"

#define BLOCK 512 /* variants scored together */

MFD_DEFINE_CLEANUP(struct mfd_model, mfd_model_unref);
MFD_DEFINE_CLEANUP(struct mfd_engine, mfd_engine_free);
MFD_DEFINE_CLEANUP(struct mfd_genome, mfd_genome_unref);
MFD_DEFINE_CLEANUP(struct mfd_vcf_reader, mfd_vcf_reader_free);

struct job {
    const char *bundle, *genome_path, *variants_path, *out, *threads;
    struct mfd_model *model;
    struct mfd_engine *engine;
    struct mfd_genome *genome;
    size_t tracks;
    struct mfd_variant variants[BLOCK];
    size_t waiting;
    float *block;   /* (BLOCK, tracks) */
    float *effects; /* (n, tracks), of the scored ones */
    size_t n, size, seen;
    struct mfd_error err;
};

static int flush(struct job *j)
{
    const struct mfd_effects out = { .effect = { .logits = j->block } };
    int status = mfd_score_variants(j->engine, mfd_model_head(j->model), j->genome, j->variants,
                                    j->waiting, MFD_ENSEMBLE_PUBLISHED, false, &out, NULL, &j->err);
    if (status == MFD_OK && j->n + j->waiting > j->size) {
        size_t size = 2 * j->size + BLOCK, floats;
        float *p =
            mfd_mul(size, j->tracks, &floats) ? mfd_realloc(j->effects, floats, sizeof *p) : NULL;
        if (p) {
            j->effects = p;
            j->size = size;
        } else
            status = mfd_fail_nomem(&j->err);
    }
    for (size_t i = 0; i < j->waiting; i++) {
        if (status == MFD_OK && mfd_variant_scored(j->variants[i].status))
            memcpy(j->effects + j->n++ * j->tracks, j->block + i * j->tracks,
                   j->tracks * sizeof *j->block);
        mfd_variant_deinit(&j->variants[i]);
    }
    j->seen += j->waiting;
    j->waiting = 0;
    return status;
}

static int read_all(struct job *j)
{
    MFD_CLEANUP(mfd_vcf_reader_free_p) struct mfd_vcf_reader *reader = NULL;
    const struct mfd_vcf_record *record = NULL;
    int status = mfd_vcf_reader_open(&reader, j->variants_path, NULL, &j->err);
    while (!status && !(status = mfd_vcf_reader_next(reader, &record, &j->err)) && record)
        for (size_t a = 0; a < (record->malformed ? 1 : record->alleles) && !status; a++) {
            status = mfd_vcf_record_variant(record, a, j->genome, &j->variants[j->waiting], NULL,
                                            &j->err);
            if (!status && ++j->waiting == BLOCK)
                status = flush(j);
        }
    return status ? status : flush(j);
}

static int write_bundle(struct job *j)
{
    const char *name = strrchr(j->variants_path, '/');
    struct mfd_buffer source = MFD_BUFFER_INIT;
    mfd_buffer_addf(&source, "%s, %zu variants read, published ensemble",
                    name ? name + 1 : j->variants_path, j->seen);
    int status = source.failed ? mfd_fail_nomem(&j->err)
                               : mfd_background_write(j->model, j->effects, j->n, source.data,
                                                      j->out, &j->err);
    mfd_buffer_deinit(&source);
    return status;
}

static int run(struct job *j)
{
    MFD_CLEANUP(mfd_model_unref_p) struct mfd_model *model = NULL;
    MFD_CLEANUP(mfd_engine_free_p) struct mfd_engine *engine = NULL;
    MFD_CLEANUP(mfd_genome_unref_p) struct mfd_genome *genome = NULL;
    struct mfd_engine_options options = MFD_ENGINE_OPTIONS_INIT;
    size_t floats;
    int status = tool_threads(j->threads, &options.threads, &j->err);
    if (status == MFD_OK)
        status = mfd_genome_open(&genome, j->genome_path, &j->err);
    if (status == MFD_OK)
        status = mfd_model_open(&model, j->bundle, &j->err);
    if (status == MFD_OK)
        status = mfd_engine_new(&engine, model, &options, &j->err);
    if (status)
        return status;
    j->tracks = mfd_model_tracks(model);
    j->block = mfd_mul(BLOCK, j->tracks, &floats) ? mfd_aligned(floats, sizeof *j->block) : NULL;
    if (!j->block)
        return mfd_fail_nomem(&j->err);
    j->genome = genome;
    j->model = model;
    j->engine = engine;
    status = read_all(j);
    return status ? status : write_bundle(j);
}

int tool_background(const struct tool_command *self, int argc, char **argv)
{
    struct job *j = mfd_calloc(1, sizeof *j);
    if (!j)
        return TOOL_FAILED;
    const struct tool_option options[] = {
        { "genome", 'g', "FASTA", "reference, plain or bgzip, with its .fai", true, &j->genome_path,
          NULL },
        { "variants", 'v', "VCF", "common variants, at least 10,000; - is stdin", true,
          &j->variants_path, NULL },
        { "out", 'o', "BUNDLE", "the bundle with its background; may be the same file", true,
          &j->out, NULL },
        { "threads", 't', "N", "worker threads; default: one a core", false, &j->threads, NULL },
        { 0 },
    };
    int code;
    if (tool_parse(self, options, argc, argv, &j->bundle, 1, &code)) {
        code = run(j) ? tool_fail(&j->err) : TOOL_OK;
        if (code == TOOL_OK)
            fprintf(stderr, TOOL_NAME ": background of %zu variants (%zu read) in %s\n", j->n,
                    j->seen, j->out);
    }
    free(j->block);
    free(j->effects);
    free(j);
    return code;
}
