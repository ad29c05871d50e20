#include "core/score/stretch.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"

#define JOIN_BASES 4096 /* places closer than this are read as one stretch */

static int compare_places(const void *x, const void *y)
{
    const struct mfd_place *a = x, *b = y;
    if (a->contig != b->contig)
        return a->contig < b->contig ? -1 : 1;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return a->item < b->item ? -1 : a->item > b->item;
}

void mfd_places_sort(struct mfd_place *places, size_t n)
{
    if (n > 1)
        qsort(places, n, sizeof *places, compare_places);
}

void mfd_stretches_deinit(struct mfd_stretches *s)
{
    free(s->forward);
    free(s->reverse);
    memset(s, 0, sizeof *s);
}

static int reserve(struct mfd_stretches *s, size_t n, struct mfd_error *err)
{
    s->n = 0;
    if (n <= s->size)
        return MFD_OK;
    mfd_stretches_deinit(s);
    s->forward = mfd_calloc(n, sizeof *s->forward);
    s->reverse = mfd_calloc(n, sizeof *s->reverse);
    if (!s->forward || !s->reverse)
        return mfd_fail_nomem(err);
    s->size = n;
    return MFD_OK;
}

static int read_one(struct mfd_stretches *out, struct mfd_genome *genome, struct mfd_batch *batch,
                    size_t contig, int64_t from, int64_t to, bool strands, struct mfd_error *err)
{
    MFD_AUTO_FREE char *bases = mfd_calloc((size_t)(to - from), 1);
    if (!bases)
        return mfd_fail_nomem(err);
    int status = mfd_genome_fetch(genome, contig, from, to, bases, NULL, err);
    if (status == MFD_OK)
        status =
            mfd_batch_sequence(batch, bases, (size_t)(to - from), from, &out->forward[out->n], err);
    if (status == MFD_OK && strands)
        status = mfd_batch_reverse(batch, out->forward[out->n], &out->reverse[out->n], err);
    if (status == MFD_OK)
        out->n++;
    return status;
}

int mfd_stretches_read(struct mfd_stretches *out, const struct mfd_engine *engine,
                       struct mfd_genome *genome, struct mfd_batch *batch, struct mfd_place *places,
                       size_t n, bool strands, struct mfd_error *err)
{
    int64_t left, right;
    mfd_engine_margin(engine, &left, &right);
    int status = reserve(out, n, err);
    for (size_t i = 0, end; i < n && status == MFD_OK; i = end) {
        int64_t from = places[i].from, to = places[i].to;
        for (end = i; end < n && places[end].contig == places[i].contig &&
                      places[end].from <= to + JOIN_BASES;
             end++) {
            to = places[end].to > to ? places[end].to : to;
            places[end].stretch = out->n;
        }
        /* the reverse strand's margins lie the other way round */
        int64_t around = left > right ? left : right;
        status = read_one(out, genome, batch, places[i].contig, from - around, to + around, strands,
                          err);
    }
    return status;
}
