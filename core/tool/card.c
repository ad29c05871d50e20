/* mfd-model card: how independent biology and technique are, on given or sampled windows. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/base/parse.h"
#include "core/score/card.h"
#include "core/score/sample.h"
#include "core/score/score.h"
#include "core/tool/fasta.h"
#include "core/tool/tool.h"

MFD_DEFINE_CLEANUP(struct mfd_model, mfd_model_unref);
MFD_DEFINE_CLEANUP(struct mfd_engine, mfd_engine_free);
MFD_DEFINE_CLEANUP(struct mfd_genome, mfd_genome_unref);
MFD_DEFINE_CLEANUP(struct mfd_card, mfd_card_free);

struct job {
    const char *bundle, *sequences, *genome, *threads, *windows_text, *seed_text;
    bool json;
    int64_t windows, seed;
    struct mfd_error err;
};

static int parse_numbers(struct job *j)
{
    const struct {
        const char *name, *text;
        int64_t min, max, *out;
    } numbers[] = {
        { "windows", j->windows_text, MFD_MIN_CARD_WINDOWS, MFD_MAX_CARD_WINDOWS, &j->windows },
        { "seed", j->seed_text, 0, INT64_MAX, &j->seed },
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i].text && !mfd_parse_i64(numbers[i].text, strlen(numbers[i].text),
                                              numbers[i].min, numbers[i].max, numbers[i].out))
            return mfd_fail(&j->err, MFD_EINVAL,
                            "--%s '%.40s' is not a number of %" PRId64 " to %" PRId64,
                            numbers[i].name, numbers[i].text, numbers[i].min, numbers[i].max);
    if (!j->sequences == !j->genome)
        return mfd_fail(&j->err, MFD_EINVAL,
                        "give windows with --sequences, or a genome to sample with --genome: one "
                        "of the two");
    return MFD_OK;
}

/* Features (n, embed) of the windows of a FASTA file. */
static int read_features(struct job *j, struct mfd_engine *engine, const struct mfd_head *head,
                         float **features, size_t *n)
{
    MFD_CLEANUP(fasta_deinit) struct fasta fasta = { 0 };
    int status = fasta_read(&fasta, j->sequences, &j->err);
    if (status)
        return status;
    if (fasta.n > MFD_MAX_CARD_WINDOWS)
        return mfd_fail(&j->err, MFD_ELIMIT, "'%s' has %zu windows; up to %d make a card",
                        j->sequences, fasta.n, MFD_MAX_CARD_WINDOWS);
    MFD_AUTO_FREE struct mfd_window *windows = mfd_calloc(fasta.n, sizeof *windows);
    *features = mfd_calloc(fasta.n, mfd_engine_config(engine)->embed * sizeof **features);
    if (!windows || !*features)
        return mfd_fail_nomem(&j->err);
    for (size_t i = 0; i < fasta.n; i++)
        windows[i] = (struct mfd_window){ fasta.records[i].bases, fasta.records[i].n };
    const struct mfd_outputs out = { .features = *features };
    *n = fasta.n;
    return mfd_score_sequences(engine, head, windows, fasta.n, MFD_ENSEMBLE_NONE, &out, NULL,
                               &j->err);
}

static int sample_features(struct job *j, struct mfd_engine *engine, const struct mfd_head *head,
                           float **features, size_t *n)
{
    MFD_CLEANUP(mfd_genome_unref_p) struct mfd_genome *genome = NULL;
    *n = (size_t)j->windows;
    int status = mfd_genome_open(&genome, j->genome, &j->err);
    if (status)
        return status;
    MFD_AUTO_FREE size_t *contig = mfd_calloc(*n, sizeof *contig);
    MFD_AUTO_FREE int64_t *start = mfd_calloc(*n, sizeof *start);
    MFD_AUTO_FREE int *each = mfd_calloc(*n, sizeof *each);
    *features = mfd_calloc(*n, mfd_engine_config(engine)->embed * sizeof **features);
    if (!contig || !start || !each || !*features)
        return mfd_fail_nomem(&j->err);
    status = mfd_sample_bins(genome, mfd_engine_config(engine), (uint64_t)j->seed, contig, start,
                             *n, &j->err);
    const struct mfd_outputs out = { .features = *features };
    return status ? status
                  : mfd_score_bins(engine, head, genome, contig, start, *n, MFD_ENSEMBLE_NONE,
                                   false, &out, each, NULL, NULL, &j->err);
}

/* ---- what is printed ---- */

static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *track_json(const struct mfd_card_track *t)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "biological", number(t->biological), "technical",
                     number(t->technical), "covariance", number(t->covariance), "total",
                     number(t->total), "share", number(t->share));
}

static json_t *card_json(const struct mfd_card *c, const struct mfd_model *m)
{
    json_t *canonical = json_array(), *tracks = json_array();
    for (size_t i = 0; i < c->n_canonical; i++)
        json_array_append_new(canonical, number(c->canonical[i]));
    for (size_t t = 0; t < c->tracks; t++) {
        json_t *one = track_json(&c->track[t]);
        json_object_set_new(one, "id", json_string(mfd_model_track_id(m, t)));
        json_array_append_new(tracks, one);
    }
    return json_pack(
        "{s:s, s:I, s:I, s:{s:I, s:I, s:I, s:I}, s:{s:o, s:o}, s:{s:I, s:I, s:I, s:o, s:o}, "
        "s:{s:o, s:I, s:I}, s:{s:o, s:o}}",
        "model", mfd_model_digest(m), "windows", (json_int_t)c->windows, "seed",
        (json_int_t)c->seed, "features", "biological", (json_int_t)c->biological, "technical",
        (json_int_t)c->technical, "constant_biological", (json_int_t)c->constant_biological,
        "constant_technical", (json_int_t)c->constant_technical, "cross_covariance", "norm",
        number(c->cross_norm), "mean_absolute", number(c->cross_mean_abs), "canonical_correlations",
        "rank_biological", (json_int_t)c->rank_biological, "rank_technical",
        (json_int_t)c->rank_technical, "trivial", (json_int_t)c->trivial, "mean",
        number(c->canonical_mean), "values", canonical, "classifier", "accuracy",
        number(c->classifier_accuracy), "train_pairs", (json_int_t)c->classifier_train,
        "test_pairs", (json_int_t)c->classifier_test, "variance", "mean", track_json(&c->mean),
        "tracks", tracks);
}

static int print_json(const struct mfd_card *c, const struct mfd_model *m)
{
    json_t *json = card_json(c, m);
    int failed = !json || json_dumpf(json, stdout, JSON_INDENT(2)) || putchar('\n') == EOF;
    json_decref(json);
    struct mfd_error err = MFD_ERROR_INIT;
    if (failed) {
        (void)mfd_fail(&err, MFD_EIO, "cannot write the output");
        return tool_fail(&err);
    }
    return tool_finish();
}

static void print_variance(const char *name, const struct mfd_card_track *t)
{
    printf("%s\t%.6g\t%.6g\t%.6g\t%.6g\t%.4f\n", name, t->biological, t->technical, t->covariance,
           t->total, t->share);
}

static int print_text(const struct mfd_card *c, const struct mfd_model *m)
{
    printf("model\t%s\nwindows\t%zu\n", mfd_model_digest(m), c->windows);
    printf("features\t%zu biological, %zu technical; constant: %zu, %zu\n", c->biological,
           c->technical, c->constant_biological, c->constant_technical);
    printf("cross-covariance, z-scored\tnorm %.6g, mean absolute %.6g (chance: about %.6g)\n",
           c->cross_norm, c->cross_mean_abs, sqrt(2 / (acos(-1.0) * (double)c->windows)));
    printf("canonical correlations\tmean %.4f, ranks %zu and %zu", c->canonical_mean,
           c->rank_biological, c->rank_technical);
    for (size_t i = 0; i < c->n_canonical && i < 5; i++)
        printf("%s%.4f", i ? ", " : "; largest ", c->canonical[i]);
    if (c->trivial)
        printf("; %zu are 1 for want of windows", c->trivial);
    if (isnan(c->classifier_accuracy))
        printf("\nshuffled pairs\ttoo few windows for a classifier: it needs %d\n",
               MFD_CARD_MIN_PAIRS);
    else
        printf("\nshuffled pairs\ttold with accuracy %.4f on %zu pairs (chance: 0.5)\n",
               c->classifier_accuracy, c->classifier_test);
    printf("\nvariance of logits\tbiological\ttechnical\tcovariance\ttotal\tshare\n");
    print_variance("mean", &c->mean);
    for (size_t t = 0; t < c->tracks; t++)
        print_variance(mfd_model_track_id(m, t), &c->track[t]);
    return tool_finish();
}

static int run(struct job *j)
{
    MFD_CLEANUP(mfd_model_unref_p) struct mfd_model *model = NULL;
    MFD_CLEANUP(mfd_engine_free_p) struct mfd_engine *engine = NULL;
    MFD_CLEANUP(mfd_card_free_p) struct mfd_card *card = NULL;
    MFD_AUTO_FREE float *features = NULL;
    struct mfd_engine_options options = MFD_ENGINE_OPTIONS_INIT;
    size_t n = 0;
    int status = parse_numbers(j);
    if (!status)
        status = tool_threads(j->threads, &options.threads, &j->err);
    if (!status)
        status = mfd_model_open(&model, j->bundle, &j->err);
    if (!status)
        status = mfd_engine_new(&engine, model, &options, &j->err);
    if (!status)
        status = (j->sequences ? read_features : sample_features)(j, engine, mfd_model_head(model),
                                                                  &features, &n);
    if (!status)
        status = mfd_card_new(&card, mfd_model_config(model), mfd_model_head(model), features, n,
                              (uint64_t)j->seed, &j->err);
    if (status)
        return tool_fail(&j->err);
    return j->json ? print_json(card, model) : print_text(card, model);
}

int tool_card(const struct tool_command *self, int argc, char **argv)
{
    struct job j = { .windows = 2000, .seed = 1, .err = MFD_ERROR_INIT };
    const struct tool_option options[] = {
        { "sequences", 's', "FASTA", "windows, each of exactly the model's length", false,
          &j.sequences, NULL },
        { "genome", 'g', "FASTA", "sample bins of this genome, their windows without N", false,
          &j.genome, NULL },
        { "windows", 'n', "N", "how many to sample; default: 2000", false, &j.windows_text, NULL },
        { "seed", 0, "S", "of the sample and of the classifier; default: 1", false, &j.seed_text,
          NULL },
        { "json", 'j', NULL, "everything, as JSON", false, NULL, &j.json },
        { "threads", 't', "N", "worker threads; default: one a core", false, &j.threads, NULL },
        { 0 },
    };
    int code;
    if (!tool_parse(self, options, argc, argv, &j.bundle, 1, &code))
        return code;
    return run(&j);
}
