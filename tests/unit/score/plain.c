#include "tests/util/test.h"

#include "tests/unit/score/plain.h"

#include <stdio.h>

#include "core/base/memory.h"
#include "tests/util/naive.h"

#define TOLERANCE 2e-5 /* of 1 + |value|; a probability's is a tenth */
#define UNTOUCHED -12345.0f

const struct mfd_ensemble plain_ensembles[5] = {
    { 1, false }, { 1, true }, { 7, true }, { 3, false }, { 4, true },
};

static char *make_fasta(struct world *w)
{
    size_t n = (size_t)w->length, small = 60;
    char *text = malloc(n + small + 32), *at = text;
    assert_non_null(text);
    at += sprintf(at, ">chr1\n");
    test_bases(&w->random, at, n, 1);
    memset(at + w->unknown, 'N', 700);
    at += n;
    at += sprintf(at, "\n>chr2\n");
    test_bases(&w->random, at, small, 0);
    at += small;
    strcpy(at, "\n");
    return text;
}

void world_init(struct world *w, uint64_t seed, enum network_kind kind, unsigned threads)
{
    memset(w, 0, sizeof *w);
    w->random = test_random_new(seed);
    do /* windows short enough for the plain way */
        w->options = network_options(&w->random, kind);
    while (w->options.seq_len > 700 || w->options.seq_len < 60);
    w->options.tracks = w->options.tracks % 9 + 1;
    w->network = network_new(&w->options);
    w->config = mfd_synthetic_config(w->network);
    w->head = mfd_synthetic_head(w->network);
    w->engine = network_engine(w->network, threads, 0, NULL);
    w->length = 9000;
    w->unknown = 7000;
    scratch_init(&w->scratch);
    char *fasta = make_fasta(w);
    w->genome = scratch_genome(&w->scratch, fasta);
    free(fasta);
}

void world_deinit(struct world *w)
{
    mfd_genome_unref(w->genome);
    scratch_deinit(&w->scratch);
    mfd_engine_free(w->engine);
    mfd_synthetic_free(w->network);
}

static double *doubles(size_t n)
{
    double *p = mfd_calloc(n, sizeof *p);
    assert_non_null(p);
    return p;
}

static void add_pass(const struct world *w, struct plain *p, const char *bases, size_t positions,
                     double share)
{
    size_t tracks = w->head->tracks, embed = w->config->embed;
    double *features = doubles(embed), *bio = doubles(tracks), *tech = doubles(tracks);
    double *logits = doubles(tracks);
    naive_features(w->config, mfd_synthetic_trunk(w->network), bases, positions, features);
    naive_logits(w->head, features, bio, tech, logits);
    for (size_t t = 0; t < tracks; t++) {
        p->predictions[t] += share * naive_sigmoid(logits[t]);
        p->logits[t] += share * logits[t];
        p->logits_biological[t] += share * bio[t];
        p->logits_technical[t] += share * tech[t];
    }
    for (size_t i = 0; i < embed; i++)
        p->features[i] += share * features[i];
    free(features);
    free(bio);
    free(tech);
    free(logits);
}

struct plain plain_score(const struct world *w, const char *bases, struct mfd_ensemble e)
{
    size_t tracks = w->head->tracks, n = mfd_config_window(w->config);
    size_t positions = w->config->seq_len;
    if (e.shifts > 1) {
        n += 8;
        positions += 1;
    }
    struct plain p = { doubles(tracks), doubles(tracks), doubles(tracks), doubles(tracks),
                       doubles(w->config->embed) };
    char *turned = malloc(n);
    assert_non_null(turned);
    naive_reverse(bases, n, turned);
    for (int strand = 0; strand <= e.strands; strand++)
        for (unsigned shift = 0; shift < e.shifts; shift++)
            add_pass(w, &p, (strand ? turned : bases) + shift, positions,
                     1.0 / (e.shifts * (e.strands ? 2 : 1)));
    free(turned);
    return p;
}

void plain_free(struct plain *p)
{
    free(p->predictions);
    free(p->logits);
    free(p->logits_biological);
    free(p->logits_technical);
    free(p->features);
}

struct mfd_outputs plain_outputs(const struct world *w, size_t rows)
{
    float any = 0;
    const struct mfd_outputs all = { &any, &any, &any, &any, &any, &any, &any };
    struct mfd_outputs out = { 0 };
    assert_int_equal(mfd_outputs_new(&out, &all, rows, w->head, NULL), MFD_OK);
    for (size_t k = 0; k < MFD_N_OUTPUTS; k++)
        for (size_t i = 0; i < rows * mfd_outputs_width(k, w->head); i++)
            (*mfd_outputs_slot(&out, k))[i] = UNTOUCHED;
    return out;
}

bool plain_same_row(const struct world *w, const struct mfd_outputs *a, size_t i,
                    const struct mfd_outputs *b, size_t j)
{
    struct mfd_outputs x = mfd_outputs_at(a, i, w->head), y = mfd_outputs_at(b, j, w->head);
    for (size_t k = 0; k < MFD_N_OUTPUTS; k++) {
        const float *p = *mfd_outputs_slot(&x, k), *q = *mfd_outputs_slot(&y, k);
        if (p && q && memcmp(p, q, mfd_outputs_width(k, w->head) * sizeof *p) != 0)
            return false;
    }
    return true;
}

bool plain_row_is_nan(const struct world *w, const struct mfd_outputs *a, size_t row)
{
    struct mfd_outputs x = mfd_outputs_at(a, row, w->head);
    for (size_t k = 0; k < MFD_N_OUTPUTS; k++)
        for (size_t i = 0; i < mfd_outputs_width(k, w->head); i++)
            if (!isnan((*mfd_outputs_slot(&x, k))[i]))
                return false;
    return true;
}

double plain_check(const struct world *w, const struct mfd_outputs *got, size_t row,
                   const struct plain *want, const struct plain *less)
{
    static const struct plain none;
    const struct plain *l = less ? less : &none;
    size_t tech = w->head->technical;
    const struct {
        const char *name;
        const double *want, *less;
        double tolerance;
    } parts[MFD_N_OUTPUTS] = {
        { "predictions", want->predictions, l->predictions, TOLERANCE / 10 },
        { "logits", want->logits, l->logits, TOLERANCE },
        { "logits_biological", want->logits_biological, l->logits_biological, TOLERANCE },
        { "logits_technical", want->logits_technical, l->logits_technical, TOLERANCE },
        { "features_biological", want->features + tech, less ? l->features + tech : NULL,
          TOLERANCE },
        { "features_technical", want->features, l->features, TOLERANCE },
        { "features", want->features, l->features, TOLERANCE },
    };
    struct mfd_outputs at = mfd_outputs_at(got, row, w->head);
    double worst = 0;
    for (size_t k = 0; k < MFD_N_OUTPUTS; k++)
        for (size_t i = 0; i < mfd_outputs_width(k, w->head); i++) {
            double value = (*mfd_outputs_slot(&at, k))[i];
            double expected = parts[k].want[i] - (less ? parts[k].less[i] : 0);
            double error = fabs(value - expected) / (1 + fabs(parts[k].want[i]));
            if (!(error < parts[k].tolerance))
                fail_msg("%s of row %zu: %.7g where %.7g was expected: %s", parts[k].name, row,
                         value, expected, network_describe(&w->options));
            worst = error > worst ? error : worst;
        }
    return worst;
}
