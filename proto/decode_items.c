#include "proto/decode_items.h"

#include <string.h>

#define POSITION_MAX ((int64_t)1 << 40) /* bases; far longer than any contig, far from overflow */

static int read_start(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    return mfd_read_i64(r, v, at, 0, POSITION_MAX, out);
}

static int read_length(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    return mfd_read_i64(r, v, at, 1, POSITION_MAX, out);
}

/* 1-based in the request, 0-based in memory. */
static int read_pos(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    int64_t pos;
    if (mfd_read_i64(r, v, at, 1, POSITION_MAX, &pos))
        return -1;
    *(int64_t *)out = pos - 1;
    return 0;
}

/* A string of bases; its length is judged later, where the model or the protocol is known. */
static int read_bases(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    if (!json_is_string(v))
        return mfd_reader_expected(r, at, "a string", v);
    size_t n = json_string_length(v);
    if (n == 0)
        return mfd_reader_fail(r, at, "invalid-value", "the string is empty");
    if (n > (size_t)r->limits->sequence_bases)
        return mfd_reader_limit(r, at, "sequence_bases", r->limits->sequence_bases, (int64_t)n);
    *(const char **)out = json_string_value(v);
    return 0;
}

#define MEMBER(name, read, field, required)                                                        \
    {                                                                                              \
        name, read, offsetof(struct mfd_item, field), required                                     \
    }

static const struct mfd_member sequence_members[] = {
    MEMBER("id", mfd_read_string, id, false),
    MEMBER("sequence", read_bases, text, true),
};
static const struct mfd_member scanned_members[] = {
    MEMBER("id", mfd_read_string, id, false),
    MEMBER("sequence", read_bases, text, true),
    MEMBER("start", read_start, start, false),
    MEMBER("end", read_start, end, false),
};
static const struct mfd_member interval_members[] = {
    MEMBER("id", mfd_read_string, id, false),
    MEMBER("chrom", mfd_read_string, chrom, true),
    MEMBER("start", read_start, start, true),
    MEMBER("end", read_start, end, true),
};
static const struct mfd_member variant_members[] = {
    MEMBER("id", mfd_read_string, id, false),
    MEMBER("chrom", mfd_read_string, chrom, true),
    MEMBER("pos", read_pos, start, true),
    MEMBER("ref", read_bases, ref, true),
    MEMBER("alt", read_bases, alt, true),
    MEMBER("chrom_length", read_length, chrom_length, false),
};

static int check_interval(struct mfd_reader *r, const struct mfd_at *at,
                          const struct mfd_item *item)
{
    if (item->start < item->end)
        return 0;
    return mfd_reader_fail(
        r, at, "bad-interval",
        "the interval ends at %lld and starts at %lld; intervals are 0-based and "
        "half-open, so the end must be larger than the start",
        (long long)item->end, (long long)item->start);
}

static int check_scanned(struct mfd_reader *r, const struct mfd_at *at, const struct mfd_item *item)
{
    int64_t n = (int64_t)strlen(item->text);
    if ((item->start == 0 && item->end == 0) || (item->start < item->end && item->end <= n))
        return 0;
    return mfd_reader_fail(r, at, "bad-interval",
                           "bases %lld to %lld are to be scanned, of a sequence of %lld; start and "
                           "end are 0-based and half-open, both or neither given",
                           (long long)item->start, (long long)item->end, (long long)n);
}

/* What each kind of input is called, and how it is read. */
static const struct kind {
    const char *expected;
    mfd_read_fn *text;
    const struct mfd_member *members;
    size_t n;
    int (*check)(struct mfd_reader *r, const struct mfd_at *at, const struct mfd_item *item);
} kinds[] = {
    [MFD_INPUT_SEQUENCES] = { "a string of bases or {\"id\", \"sequence\"}", read_bases,
                              sequence_members, 2, NULL },
    [MFD_INPUT_INTERVALS] = { "{\"chrom\", \"start\", \"end\"} or a string such as chr20:101-200",
                              mfd_read_string, interval_members, 4, check_interval },
    [MFD_INPUT_VARIANTS] = { "{\"chrom\", \"pos\", \"ref\", \"alt\"} or a string such as "
                             "chr20-101-C-T",
                             mfd_read_string, variant_members, 6, NULL },
};

/* A sequence of which a part is scanned. */
static const struct kind scanned = {
    "a string of bases or {\"id\", \"sequence\", \"start\", \"end\"}", read_bases, scanned_members,
    4, check_scanned
};

static int read_item(struct mfd_reader *r, const json_t *v, const struct mfd_at *at,
                     const struct kind *kind, struct mfd_item *item)
{
    if (json_is_string(v)) {
        if (kind->text(r, v, at, &item->text))
            return -1;
    } else if (!json_is_object(v)) {
        return mfd_reader_expected(r, at, kind->expected, v);
    } else if (mfd_read_object(r, v, at, kind->members, kind->n, item) ||
               (kind->check && kind->check(r, at, item))) {
        return -1;
    }
    item->n = item->text ? strlen(item->text) : 0;
    return 0;
}

/* Keep a problem with its item, and the id if there was a readable one, so that it can be named. */
static int keep_problem(struct mfd_reader *r, const json_t *v, struct mfd_item *item)
{
    struct mfd_problem *kept = mfd_reader_alloc(r, 1, sizeof *kept);
    if (!kept)
        return -1;
    *kept = *r->problem;
    const json_t *id = json_object_get(v, "id");
    size_t n = json_string_length(id);
    bool named = n > 0 && n <= (size_t)r->limits->string_bytes;
    *item = (struct mfd_item){ .problem = kept, .id = named ? json_string_value(id) : NULL };
    *r->problem = (struct mfd_problem)MFD_PROBLEM_INIT;
    return 0;
}

int mfd_read_items(struct mfd_reader *r, const json_t *v, const struct mfd_at *at,
                   enum mfd_input input, bool scan, int64_t max_items, struct mfd_item **items,
                   size_t *n)
{
    if (!json_is_array(v))
        return mfd_reader_expected(r, at, "an array", v);
    size_t count = json_array_size(v);
    if (count == 0)
        return mfd_reader_fail(r, at, "invalid-value", "there is nothing to compute");
    if (count > (size_t)max_items)
        return mfd_reader_limit(r, at, "items", max_items, (int64_t)count);
    const struct kind *kind = scan && input == MFD_INPUT_SEQUENCES ? &scanned : &kinds[input];
    struct mfd_item *list = mfd_reader_alloc(r, count, sizeof *list);
    if (!list)
        return -1;
    for (size_t i = 0, unread = 0; i < count; i++) {
        const json_t *element = json_array_get(v, i);
        struct mfd_at inner = MFD_AT_INDEX(at, i);
        if (read_item(r, element, &inner, kind, &list[i]) == 0)
            continue;
        if (unread++ == (size_t)r->limits->unscored) /* a problem takes much more than its item */
            return mfd_reader_limit(r, at, "unscored", r->limits->unscored, -1);
        if (keep_problem(r, element, &list[i]))
            return -1;
    }
    *items = list;
    *n = count;
    return 0;
}
