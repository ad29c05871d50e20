/* Variants of a request, in all their notations. */
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "server/handlers/variants.h"

int64_t mfd_variants_outside(const struct mfd_scored_variants *v, const struct mfd_variant *variant)
{
    return mfd_score_outside(v->base.config, v->base.genome, variant, v->base.ensemble);
}

/* Is more than half of what the variant's windows read N? As mfd_score_variants judges. */
static int mostly_unknown(const struct mfd_scored_variants *v, const struct mfd_variant *variant,
                          bool *mostly, struct mfd_problem *problem)
{
    int64_t window = mfd_scoring_window(&v->base);
    int64_t left = window % 2 ? (window - 1) / 2 : window / 2 - 1, unknown = 0;
    bool flipped = variant->status == MFD_VARIANT_FLIPPED;
    int64_t here = (int64_t)strlen(flipped ? variant->alt : variant->ref);
    int64_t there = (int64_t)strlen(flipped ? variant->ref : variant->alt);
    int64_t n = window + (here > there ? here - there : 0), from = variant->pos - left;
    struct mfd_error err = MFD_ERROR_INIT;
    MFD_AUTO_FREE char *bases = mfd_calloc((size_t)n, 1);
    if (!bases)
        return mfd_problem_nomem(problem);
    if (mfd_genome_fetch(v->base.genome, variant->contig, from, from + n, bases, NULL, &err))
        return mfd_problem_from_error(problem, &err, NULL);
    for (int64_t i = 0; i < n; i++)
        unknown += bases[i] != 'A' && bases[i] != 'C' && bases[i] != 'G' && bases[i] != 'T';
    *mostly = 2 * unknown > n;
    return 0;
}

int mfd_variants_judge(struct mfd_scored_variants *v, size_t i, const struct mfd_error *reason,
                       const char *pointer, struct mfd_problem *problem)
{
    const struct mfd_variant *variant = &v->variants[i];
    bool scored = mfd_variant_scored(variant->status);
    int64_t outside = scored ? mfd_variants_outside(v, variant) : 0;
    bool blank = false, unknown = false;
    if (scored && (!outside || v->base.body.pad)) {
        unknown = mfd_variant_unknown(variant);
        if (!unknown && mostly_unknown(v, variant, &blank, problem))
            return -1;
        if (!unknown && !blank)
            return 0;
        v->variants[i].status = unknown ? MFD_VARIANT_UNKNOWN_BASE : MFD_VARIANT_N_WINDOW;
    }
    struct mfd_problem *kept = mfd_scoring_item_problem(&v->base, i, problem);
    if (!kept)
        return -1;
    if (unknown)
        mfd_problem_set(kept, mfd_variant_status_slug(variant->status), pointer,
                        "a base that the variant takes or puts is N: not known, so there is no "
                        "effect to tell");
    else if (blank)
        mfd_problem_set(kept, mfd_variant_status_slug(variant->status), pointer,
                        "more than half of the variant's window is N");
    else if (scored)
        mfd_problem_set(kept, "window-off-contig", pointer,
                        "the variant's window leaves the contig by %lld bases; \"pad\": true reads "
                        "N there",
                        (long long)outside);
    else if (reason->slug[0])
        mfd_problem_from_error(kept, reason, pointer);
    else
        mfd_problem_set(kept, mfd_variant_status_slug(variant->status), pointer,
                        "the variant is not scored");
    return 0;
}

/* A text that is no variant at all is that item's problem too. */
static int keep_error(struct mfd_scored_variants *v, size_t i, const struct mfd_error *err,
                      const char *pointer, struct mfd_problem *problem)
{
    v->variants[i].status = MFD_VARIANT_MALFORMED;
    if (err->status == MFD_EIO || err->status == MFD_ENOMEM)
        return mfd_problem_from_error(problem, err, NULL); /* not the variant's fault */
    struct mfd_problem *kept = mfd_scoring_item_problem(&v->base, i, problem);
    if (!kept)
        return -1;
    mfd_problem_from_error(kept, err, pointer);
    return 0;
}

int mfd_variants_read(struct mfd_scored_variants *v, size_t i, struct mfd_problem *problem)
{
    const struct mfd_item *item = &v->base.body.items[i];
    struct mfd_genome *genome = v->base.genome;
    struct mfd_variant *variant = &v->variants[i];
    struct mfd_error err = MFD_ERROR_INIT, reason = MFD_ERROR_INIT;
    struct mfd_at root = MFD_AT_ROOT, list = MFD_AT_MEMBER(&root, "variants");
    struct mfd_at at = MFD_AT_INDEX(&list, i);
    char text[sizeof problem->pointer];
    const char *pointer = v->base.body.document ? text : NULL; /* no body, no pointer into it */
    mfd_at_pointer(&at, text, sizeof text);
    if (item->problem) {
        variant->status = MFD_VARIANT_MALFORMED;
        return 0;
    }
    int status = item->text ? mfd_variant_parse(variant, genome, item->text, item->n, &err)
                            : mfd_variant_set(variant, genome, item->chrom, item->start, item->ref,
                                              item->alt, item->id, &err);
    if (status == MFD_OK && variant->status != MFD_VARIANT_OK)
        status = mfd_variant_check(variant, genome, &reason, &err);
    if (status == MFD_OK)
        mfd_variant_check_length(variant, genome, item->chrom_length, &reason);
    if (status)
        return keep_error(v, i, &err, pointer, problem);
    return mfd_variants_judge(v, i, &reason, pointer, problem);
}

int mfd_variants_reserve(struct mfd_scored_variants *v, size_t n, struct mfd_problem *problem)
{
    struct mfd_body *body = &v->base.body;
    struct mfd_reader reader = { .problem = problem, .blocks = body->blocks };
    body->items = mfd_reader_alloc(&reader, n, sizeof *body->items);
    body->blocks = reader.blocks;
    body->n_items = body->items ? n : 0;
    return body->items ? 0 : -1;
}

/* Identifiers of tracks stand in parameters of the same name. */
static int add_track(struct mfd_scored_variants *v, const char *id,
                     const struct mfd_operation_input *input, struct mfd_problem *problem)
{
    struct mfd_selection *s = &v->base.body.tracks;
    if (!v->tracks && !(v->tracks = mfd_calloc(input->queries->n, sizeof *v->tracks)))
        return mfd_problem_nomem(problem);
    v->tracks[s->n_ids++] = id;
    s->ids = v->tracks;
    s->given = true;
    return 0;
}

static int add_option(struct mfd_scored_variants *v, const struct mfd_pair *pair,
                      const struct mfd_operation_input *input, struct mfd_problem *problem)
{
    struct mfd_body *body = &v->base.body;
    if (strcmp(pair->name, "format") == 0)
        return 0;
    if (strcmp(pair->name, "track") == 0)
        return add_track(v, pair->value, input, problem);
    int known = mfd_body_option(body, pair->name, pair->value, problem);
    return known > 0 ? mfd_body_member(body, pair->name, pair->value, input->limits, problem)
                     : known;
}

int mfd_variants_options(struct mfd_scored_variants *v, const struct mfd_operation_input *input,
                         struct mfd_problem *problem)
{
    for (size_t i = 0; i < input->queries->n; i++) {
        const struct mfd_pair *pair = &input->queries->at[i];
        int known = add_option(v, pair, input, problem);
        if (known > 0)
            mfd_problem_set(
                problem, "invalid-parameter", NULL,
                "\"%.100s\" is no parameter of this resource; there are model, genome, "
                "track, where, virtual_tracks, components, scores, features, top, scale, "
                "aggregate, over, distribution, settings, levels, a, b, like, held, ensemble, pad, "
                "strict, dry_run and format",
                pair->name);
        if (known)
            return -1;
    }
    int status = mfd_body_members(&v->base.body, input->limits, problem);
    if (status == 0)
        status = mfd_body_check(&v->base.body, problem);
    problem->has_pointer = false; /* there is no body to point into */
    return status;
}
