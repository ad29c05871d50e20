/* Regions of a scan: where they lie, and which of their bases can be scanned. */
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"
#include "server/handlers/ism.h"

/* Bases before the one in the middle of a window, as the published protocol has it. */
static int64_t before(int64_t window)
{
    return window % 2 ? (window - 1) / 2 : window / 2 - 1;
}

int64_t mfd_ism_outside(const struct mfd_ism *ism, const struct mfd_region *region, int64_t at)
{
    const struct mfd_scoring *s = &ism->base;
    int64_t window = mfd_scoring_window(s);
    if (s->body.input != MFD_INPUT_INTERVALS)
        return 0;
    int64_t from = ism->each ? at - before(window) : region->from;
    return mfd_outside(from, from + window, mfd_genome_contig_length(s->genome, region->contig));
}

static int keep(struct mfd_ism *ism, size_t i, const struct mfd_problem *found,
                struct mfd_problem *problem)
{
    struct mfd_problem *kept = mfd_scoring_item_problem(&ism->base, i, problem);
    if (kept)
        *kept = *found;
    return kept ? 0 : -1;
}

/* --- regions --- */

static void place_interval(struct mfd_ism *ism, struct mfd_region *r, const struct mfd_item *item,
                           const char *pointer, struct mfd_problem *found)
{
    const struct mfd_scoring *s = &ism->base;
    int64_t window = mfd_scoring_window(s);
    struct mfd_interval interval;
    struct mfd_error err = MFD_ERROR_INIT;
    int status = item->text ? mfd_interval_parse(&interval, s->genome, item->text, item->n, &err)
                            : mfd_interval_set(&interval, s->genome, item->chrom,
                                               strlen(item->chrom), item->start, item->end, &err);
    if (status) {
        mfd_problem_from_error(found, &err, pointer);
        return;
    }
    r->contig = interval.contig;
    r->start = interval.start;
    r->end = interval.end;
    int64_t middle = r->start + (r->end - r->start - 1) / 2;
    r->from = (ism->each ? r->start : middle) - before(window);
    if (!ism->each && (r->start < r->from || r->end > r->from + window))
        mfd_problem_set(found, "bad-interval", pointer,
                        "%lld bases do not fit into one window of %lld around their middle; with "
                        "\"window\": \"each\" every base has its own",
                        (long long)(r->end - r->start), (long long)window);
}

static void place_sequence(const struct mfd_ism *ism, struct mfd_region *r,
                           const struct mfd_item *item, const char *pointer,
                           struct mfd_problem *found)
{
    const struct mfd_scoring *s = &ism->base;
    mfd_scoring_check_sequence(s, item, pointer, found);
    int64_t bin = (int64_t)mfd_config_bin(s->config);
    int64_t first = (int64_t)mfd_ensemble_before(s->ensemble, s->config);
    r->start = item->end ? item->start : first; /* the bin that is predicted */
    r->end = item->end ? item->end : first + bin;
}

/* Where every region lies and how many bases there are; nothing large is read yet. */
static int place_regions(struct mfd_ism *ism, struct mfd_problem *problem)
{
    struct mfd_body *body = &ism->base.body;
    for (size_t i = 0; i < body->n_items; i++) {
        struct mfd_region *r = &ism->regions[i];
        struct mfd_problem found = MFD_PROBLEM_INIT;
        struct mfd_at root = MFD_AT_ROOT, list = MFD_AT_MEMBER(&root, mfd_input_names[body->input]);
        struct mfd_at at = MFD_AT_INDEX(&list, i);
        char pointer[sizeof problem->pointer];
        mfd_at_pointer(&at, pointer, sizeof pointer);
        if (!body->items[i].problem && body->input == MFD_INPUT_INTERVALS)
            place_interval(ism, r, &body->items[i], pointer, &found);
        else if (!body->items[i].problem)
            place_sequence(ism, r, &body->items[i], pointer, &found);
        if (found.type && keep(ism, i, &found, problem))
            return -1;
        r->first = ism->items;
        r->n = body->items[i].problem ? 1 : (size_t)(r->end - r->start);
        ism->items += r->n;
    }
    return 0;
}

/* --- bases --- */

static int fetch(struct mfd_ism *ism, struct mfd_region *r, const struct mfd_item *item,
                 struct mfd_problem *problem)
{
    struct mfd_error err = MFD_ERROR_INIT;
    size_t window = (size_t)mfd_scoring_window(&ism->base);
    size_t n = ism->each ? r->n + window - 1 : window;
    r->state = mfd_calloc(r->n, 1);
    r->read = mfd_calloc(n + 1, 1);
    if (!r->state || !r->read)
        return mfd_problem_nomem(problem);
    r->window = (struct mfd_window){ r->read, window };
    if (ism->base.body.input != MFD_INPUT_INTERVALS)
        memcpy(r->read, item->text, n);
    else if (mfd_genome_fetch(ism->base.genome, r->contig, r->from, r->from + (int64_t)n, r->read,
                              NULL, &err))
        return mfd_problem_from_error(problem, &err, NULL);
    for (size_t i = 0; i < n; i++) {
        char upper = (char)(r->read[i] & ~0x20);
        r->read[i] = upper && strchr("ACGT", upper) ? upper : 'N';
    }
    return 0;
}

static enum mfd_base_state judge(const struct mfd_ism *ism, const struct mfd_region *r, int64_t at,
                                 size_t unknown)
{
    if (mfd_ism_outside(ism, r, at) && !ism->base.body.pad)
        return MFD_BASE_OFF_CONTIG;
    if (r->read[at - r->from] == 'N')
        return MFD_BASE_UNKNOWN;
    return 2 * unknown > r->window.n ? MFD_BASE_N_WINDOW : MFD_BASE_SCANNED;
}

/* What keeps each base from being scanned; the window slides along where each has its own. */
static void judge_bases(struct mfd_ism *ism, struct mfd_region *r)
{
    size_t unknown = 0, window = r->window.n;
    for (size_t i = 0; i < window; i++)
        unknown += r->read[i] == 'N';
    for (size_t i = 0; i < r->n; i++) {
        r->state[i] = (char)judge(ism, r, r->start + (int64_t)i, unknown);
        ism->scanned += r->state[i] == MFD_BASE_SCANNED;
        if (ism->each && i + 1 < r->n)
            unknown += (size_t)(r->read[i + window] == 'N') - (size_t)(r->read[i] == 'N');
    }
}

int mfd_ism_read(struct mfd_ism *ism, int64_t most, struct mfd_problem *problem)
{
    struct mfd_body *body = &ism->base.body;
    ism->each = body->input == MFD_INPUT_INTERVALS && !body->one_window;
    ism->regions = mfd_calloc(body->n_items, sizeof *ism->regions);
    if (!ism->regions)
        return mfd_problem_nomem(problem);
    if (place_regions(ism, problem))
        return -1;
    if (ism->items > (size_t)most)
        return mfd_problem_limit(problem, "ism_bases", most, (int64_t)ism->items, NULL);
    for (size_t i = 0; i < body->n_items; i++) {
        if (body->items[i].problem)
            continue;
        if (fetch(ism, &ism->regions[i], &body->items[i], problem))
            return -1;
        judge_bases(ism, &ism->regions[i]);
    }
    return 0;
}

size_t mfd_ism_region(const struct mfd_ism *ism, size_t item)
{
    size_t low = 0, high = ism->base.body.n_items;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        *(ism->regions[middle].first <= item ? &low : &high) = middle;
    }
    return low;
}
