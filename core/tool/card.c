/* mfd-model card: how independent biology and technique are, on given or sampled windows. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/base/parse.h"
#include "core/score/card.h"
#include "core/score/card_json.h"
#include "core/score/sample.h"
#include "core/score/score.h"
#include "core/tool/fasta.h"
#include "core/tool/runner.h"
#include "core/tool/tool.h"

MFD_DEFINE_CLEANUP(struct mfd_card, mfd_card_free);

struct job {
    const char *bundle, *sequences, *genome, *threads, *windows_text, *seed_text, *out;
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
static int read_features(struct job *j, struct runner *r, float **features, size_t *n)
{
    MFD_CLEANUP(fasta_deinit) struct fasta fasta = { 0 };
    int status = fasta_read(&fasta, j->sequences, &j->err);
    if (status)
        return status;
    if (fasta.n > MFD_MAX_CARD_WINDOWS)
        return mfd_fail(&j->err, MFD_ELIMIT, "'%s' has %zu windows; up to %d make a card",
                        j->sequences, fasta.n, MFD_MAX_CARD_WINDOWS);
    MFD_AUTO_FREE struct mfd_window *windows = mfd_calloc(fasta.n, sizeof *windows);
    *features = mfd_calloc(fasta.n, mfd_model_config(r->model)->embed * sizeof **features);
    if (!windows || !*features)
        return mfd_fail_nomem(&j->err);
    for (size_t i = 0; i < fasta.n; i++)
        windows[i] = (struct mfd_window){ fasta.records[i].bases, fasta.records[i].n };
    const struct mfd_outputs out = { .features = *features };
    *n = fasta.n;
    return mfd_score_sequences(r->engine, mfd_model_head(r->model), windows, fasta.n,
                               MFD_ENSEMBLE_NONE, &out, NULL, &j->err);
}

static int sample_features(struct job *j, struct runner *r, float **features, size_t *n)
{
    const struct mfd_config *config = mfd_model_config(r->model);
    *n = (size_t)j->windows;
    MFD_AUTO_FREE size_t *contig = mfd_calloc(*n, sizeof *contig);
    MFD_AUTO_FREE int64_t *start = mfd_calloc(*n, sizeof *start);
    MFD_AUTO_FREE int *each = mfd_calloc(*n, sizeof *each);
    *features = mfd_calloc(*n, config->embed * sizeof **features);
    if (!contig || !start || !each || !*features)
        return mfd_fail_nomem(&j->err);
    int status = mfd_sample_bins(r->genome, config, (uint64_t)j->seed, contig, start, *n, &j->err);
    const struct mfd_outputs out = { .features = *features };
    return status ? status
                  : mfd_score_bins(r->engine, mfd_model_head(r->model), r->genome, contig, start,
                                   *n, MFD_ENSEMBLE_NONE, false, &out, each, NULL, NULL, &j->err);
}

/* ---- what is printed ---- */

static void print_variance(const char *name, const struct mfd_card_track *t)
{
    printf("%s\t%.6g\t%.6g\t%.6g\t%.6g\t%.4f\n", name, t->biological, t->technical, t->covariance,
           t->total, t->share);
}

static int print_text(const struct mfd_card *c, const struct mfd_model *m, const char *source)
{
    printf("model\t%s\nwindows\t%s\n", mfd_model_digest(m), source);
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

/* What the windows were, for those who read the card later; a name of odd bytes in plain ones. */
static void tell_source(const struct job *j, size_t n, char *text, size_t size)
{
    const char *path = j->sequences ? j->sequences : j->genome, *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (j->sequences)
        snprintf(text, size, "%zu windows of %.200s", n, name);
    else
        snprintf(text, size, "%zu bins sampled from %.200s", n, name);
    for (char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
}

static int run(struct job *j)
{
    MFD_CLEANUP(runner_close) struct runner r = { 0 };
    MFD_CLEANUP(mfd_card_free_p) struct mfd_card *card = NULL;
    MFD_AUTO_FREE float *features = NULL;
    size_t n = 0;
    int status = parse_numbers(j);
    if (!status)
        status = runner_open(&r, j->bundle, j->genome, j->threads, &j->err);
    if (!status)
        status = (j->sequences ? read_features : sample_features)(j, &r, &features, &n);
    if (!status)
        status = mfd_card_new(&card, mfd_model_config(r.model), mfd_model_head(r.model), features,
                              n, (uint64_t)j->seed, &j->err);
    char source[300];
    tell_source(j, n, source, sizeof source);
    if (!status && j->out)
        status = mfd_card_write(card, r.model, source, j->out, &j->err);
    if (status)
        return tool_fail(&j->err);
    return j->json ? tool_print_json(mfd_card_json(card, r.model, source))
                   : print_text(card, r.model, source);
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
        { "out", 'o', "BUNDLE", "the bundle with its card; may be the same file", false, &j.out,
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
