/* The options of a request as text, for bodies that are no JSON (a VCF) and requests without a
 * body. */
#include <string.h>

#include "core/base/parse.h"
#include "proto/decode.h"
#include "proto/text.h"

static int bad(struct mfd_problem *problem, const char *name, const char *value,
               const char *const *words)
{
    char known[200] = "";
    for (size_t i = 0; words[i]; i++)
        if (words[i][0])
            mfd_text_list(known, sizeof known, words[i]);
    return mfd_problem_set(problem, "invalid-parameter", NULL,
                           "%s=%.100s: this parameter may be %s", name, value, known);
}

/* Place of the n bytes at s in a NULL-terminated list, or -1; an empty word is none. */
static int find(const char *s, size_t n, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (n && strlen(words[i]) == n && memcmp(words[i], s, n) == 0)
            return i;
    return -1;
}

typedef int set_fn(struct mfd_body *body, void *field, const char *value);

static int set_text(struct mfd_body *body, void *field, const char *value)
{
    (void)body;
    *(const char **)field = value;
    return value[0] ? 0 : -1;
}

static const char *const booleans[] = { "false", "true", NULL };

static int set_bool(struct mfd_body *body, void *field, const char *value)
{
    (void)body;
    int i = find(value, strlen(value), booleans);
    if (i >= 0)
        *(bool *)field = i == 1;
    return i < 0 ? -1 : 0;
}

static int set_words(unsigned *set, const char *value, const char *const *words)
{
    unsigned found = 0;
    for (const char *at = value;; at++) {
        size_t n = strcspn(at, ",");
        int i = find(at, n, words);
        if (i < 0 || found & 1u << i)
            return -1;
        found |= 1u << i;
        at += n;
        if (!*at)
            break;
    }
    *set = found;
    return 0;
}

static int set_components(struct mfd_body *body, void *field, const char *value)
{
    (void)body;
    return set_words(field, value, mfd_part_names);
}

static int set_scores(struct mfd_body *body, void *field, const char *value)
{
    (void)body;
    return set_words(field, value, mfd_score_names);
}

static int set_top(struct mfd_body *body, void *field, const char *value)
{
    (void)body;
    return mfd_parse_i64(value, strlen(value), 1, MFD_TOP_MOST, field) ? 0 : -1;
}

static int set_subspaces(struct mfd_body *body, void *field, const char *value)
{
    (void)body;
    return set_words(field, value, mfd_subspace_names);
}

static int set_scale(struct mfd_body *body, void *field, const char *value)
{
    (void)field;
    int i = find(value, strlen(value), mfd_scale_names);
    if (i >= 0)
        body->scale = (enum mfd_scale)i;
    return i < 0 ? -1 : 0;
}

static int set_aggregate(struct mfd_body *body, void *field, const char *value)
{
    (void)field;
    int i = find(value, strlen(value), mfd_aggregate_names);
    if (i >= 0)
        body->tracks.aggregate = (enum mfd_aggregate)i;
    body->tracks.given = true;
    return i < 0 ? -1 : 0;
}

static int set_ensemble(struct mfd_body *body, void *field, const char *value)
{
    (void)field;
    int i = find(value, strlen(value), mfd_ensemble_names);
    if (i < 0)
        return -1;
    mfd_body_ensemble(body, (unsigned)i);
    return 0;
}

static const char *const names[] = { "a name", NULL };
static const char *const counts[] = { "a number from 1 to 1000", NULL };

static const struct option {
    const char *name;
    set_fn *set;
    size_t offset;
    const char *const *words;
} options[] = {
    { "model", set_text, offsetof(struct mfd_body, model), names },
    { "genome", set_text, offsetof(struct mfd_body, genome), names },
    { "scale", set_scale, 0, mfd_scale_names },
    { "ensemble", set_ensemble, 0, mfd_ensemble_names },
    { "components", set_components, offsetof(struct mfd_body, components), mfd_part_names },
    { "top", set_top, offsetof(struct mfd_body, top), counts },
    { "scores", set_scores, offsetof(struct mfd_body, scores), mfd_score_names },
    { "features", set_subspaces, offsetof(struct mfd_body, subspaces), mfd_subspace_names },
    { "aggregate", set_aggregate, 0, mfd_aggregate_names },
    { "pad", set_bool, offsetof(struct mfd_body, pad), booleans },
    { "strict", set_bool, offsetof(struct mfd_body, strict), booleans },
    { "dry_run", set_bool, offsetof(struct mfd_body, dry_run), booleans },
};

int mfd_body_option(struct mfd_body *body, const char *name, const char *value,
                    struct mfd_problem *problem)
{
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        const struct option *o = &options[i];
        if (strcmp(o->name, name) != 0)
            continue;
        return o->set(body, (char *)body + o->offset, value) ? bad(problem, name, value, o->words)
                                                             : 0;
    }
    return 1;
}
