#include "client/mfd/scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/problem.h"
#include "client/mfd/choice.h"
#include "client/mfd/progress.h"
#include "client/mfd/show.h"
#include "core/base/memory.h"

#define PIECE_BASES 64 /* of a request, where the server does not say what it takes */

/* --- what is asked for --- */

/* Bases that one request may ask for. */
static size_t piece_bases(const struct scan *s)
{
    json_t *info = NULL;
    if (s->width <= PIECE_BASES ||
        mfd_client_json(s->app->client, "/service-info", NULL, NULL, &info, NULL) < 0)
        return PIECE_BASES;
    json_int_t most = json_integer_value(show_member(info, "limits.ism_bases.value"));
    json_decref(info);
    return most > 0 ? (size_t)most : PIECE_BASES;
}

static int add_components(json_t *options, const struct scan *s, struct mfd_error *err)
{
    json_t *wanted = json_array();
    for (size_t p = 0; p < s->n_parts; p++)
        json_array_append_new(wanted, json_string(compute_parts[p]));
    int status = wanted && json_object_set(options, "components", wanted) == 0
                     ? MFD_OK
                     : mfd_fail_nomem(err);
    json_decref(wanted);
    return status;
}

static int request_options(struct scan *s, json_t **out, struct mfd_error *err)
{
    struct settings *set = &s->app->set;
    bool one = set->over.n || set->a.n || set->set.n; /* value a substitution, as it is */
    if (one)
        set->aggregate = NULL;
    else if (!set->aggregate || strcmp(set->aggregate, "none") == 0)
        set->aggregate = "mean";
    json_t *options = compute_options(set);
    int status = options ? choice_add(s->app, options, err) : mfd_fail_nomem(err);
    if (status == MFD_OK)
        status = add_components(options, s, err);
    if (status < 0) {
        json_decref(options);
        return status;
    }
    json_object_set_new(options, "scores", json_pack("[s]", "effect"));
    if (set->window)
        json_object_set_new(options, "window", json_string(set->window));
    *out = options;
    return MFD_OK;
}

/* --- what is answered --- */

/* NaN for n numbers each of (width, 4), a part. */
static int make_room(const struct scan *s, double *out[PARTS], size_t n, struct mfd_error *err)
{
    size_t all;
    if (!mfd_mul(n, 4 * s->width, &all))
        return mfd_fail_nomem(err);
    for (size_t p = 0; p < s->n_parts; p++) {
        out[p] = mfd_calloc(all, sizeof *out[p]);
        if (!out[p])
            return mfd_fail_nomem(err);
        for (size_t i = 0; i < all; i++)
            out[p][i] = NAN;
    }
    return MFD_OK;
}

static int prepare(struct scan *s, struct mfd_error *err)
{
    s->reference = mfd_calloc(s->width + 1, 1);
    if (!s->reference)
        return mfd_fail_nomem(err);
    memset(s->reference, 'N', s->width);
    int status = make_room(s, s->effect, 1, err);
    return status == MFD_OK && s->app->set.over.n ? make_room(s, s->sd, 1, err) : status;
}

static int fail_with(struct mfd_error *err, json_t *item)
{
    struct mfd_buffer why = MFD_BUFFER_INIT;
    const char *slug = mfd_problem_text(&why, json_object_get(item, "problem"));
    int status = mfd_fail_as(err, MFD_EINVAL, slug, "%s", why.data ? why.data : "not scanned");
    mfd_buffer_deinit(&why);
    return status;
}

/* Of one base's group of numbers, those of A, C, G and T at `at` among each one's. */
static void take_four(json_t *base, const char *group, size_t part, size_t at, double *out)
{
    json_t *four = json_object_get(json_object_get(base, group), compute_parts[part]);
    for (size_t a = 0; a < 4; a++) {
        json_t *value = json_array_get(json_array_get(four, a), at);
        out[a] = json_is_number(value) ? json_number_value(value) : NAN;
    }
}

/* The effects of one base, which is number i of the region. */
static int take_base(struct scan *s, json_t *base, size_t i, struct mfd_error *err)
{
    const char *state = json_string_value(json_object_get(base, "status"));
    const char *letter = json_string_value(json_object_get(base, "reference"));
    if (!state || !letter ||
        json_integer_value(json_object_get(base, "start")) != s->start - 1 + (json_int_t)i)
        return mfd_fail_as(err, MFD_EFORMAT, "bad-reply",
                           "the server's bases are not those of the region");
    s->reference[i] = letter[0];
    if (strcmp(state, "ok") != 0) {
        ++*(strcmp(state, "skipped") == 0 ? &s->app->skipped : &s->app->failed);
        if (!s->first.message[0])
            (void)fail_with(&s->first, base);
        return MFD_OK;
    }
    s->app->ok++;
    for (size_t p = 0; p < s->n_parts; p++) {
        take_four(base, "effect", p, 0, s->effect[p] + 4 * i);
        if (s->sd[p])
            take_four(base, "sd", p, 0, s->sd[p] + 4 * i);
        for (size_t k = 0; k < s->n_settings; k++)
            take_four(base, "levels", p, k, s->levels[p] + 4 * (k * s->width + i));
    }
    return MFD_OK;
}

static int check_tracks(const struct scan *s, size_t n, struct mfd_error *err)
{
    if (n == 1 || !s->app->set.over.n)
        return MFD_OK;
    return compute_misuse(
        err, "an average is of one track, and %zu are chosen; name one with --tracks", n);
}

/* An average of tracks that are told by their labels: ask how many they are, which computes
 * nothing. The labels of an array name them. */
static int ask_tracks(const struct scan *s, const json_t *options, struct mfd_error *err)
{
    if (!s->app->set.over.n || !s->app->set.where.n)
        return MFD_OK;
    json_t *request = json_copy((json_t *)options), *answer = NULL;
    json_t *more =
        json_pack("{s:b, s:[{s:s, s:I, s:I}]}", "dry_run", 1, "intervals", "chrom", s->chrom,
                  "start", (json_int_t)s->start - 1, "end", (json_int_t)s->start);
    int status =
        request && more && json_object_update(request, more) == 0 ? MFD_OK : mfd_fail_nomem(err);
    if (status == MFD_OK) {
        json_object_del(request, "levels"); /* these are numbers of their own */
        status =
            mfd_client_json(s->app->client, "/api/v1/ism?format=npy", NULL, request, &answer, err);
    }
    json_t *columns = show_member(answer, "array.columns");
    if (status == MFD_OK && columns)
        status = check_tracks(s, json_array_size(columns), err);
    json_decref(answer);
    json_decref(more);
    json_decref(request);
    return status;
}

/* The first answer, less its bases: what it is of. */
static int take_head(struct scan *s, json_t *answer, struct mfd_error *err)
{
    s->head = json_incref(answer);
    int status = check_tracks(s, json_array_size(json_object_get(answer, "tracks")), err);
    if (status < 0)
        return status;
    if (!s->app->set.levels)
        return MFD_OK;
    s->n_settings = json_array_size(show_member(answer, "provenance.settings"));
    return make_room(s, s->levels, s->n_settings, err);
}

static int take_answer(struct scan *s, json_t *answer, size_t from, size_t n, struct mfd_error *err)
{
    json_t *result = json_array_get(json_object_get(answer, "results"), 0);
    json_t *bases_there = json_object_get(result, "bases");
    if (json_object_get(result, "problem"))
        return fail_with(err, result);
    if (json_array_size(bases_there) != n)
        return mfd_fail_as(err, MFD_EFORMAT, "bad-reply", "the server answered %zu of %zu bases",
                           json_array_size(bases_there), n);
    const char *now = json_string_value(show_member(answer, "provenance.digest"));
    const char *first = json_string_value(show_member(s->head, "provenance.digest"));
    if (now && first && strcmp(now, first) != 0)
        return mfd_fail(err, MFD_EMISMATCH,
                        "the model was replaced after %zu bases; start again, naming a version "
                        "with --model",
                        from);
    int status = s->head ? MFD_OK : take_head(s, answer, err);
    for (size_t i = 0; i < n && status == MFD_OK; i++)
        status = take_base(s, json_array_get(bases_there, i), from + i, err);
    json_object_del(answer, "results");
    return status;
}

/* Bases from..from+n of the region. */
static int ask_piece(struct scan *s, json_t *options, size_t from, size_t n, struct mfd_error *err)
{
    int64_t start = s->start - 1 + (int64_t)from;
    json_t *answer = NULL;
    json_t *interval = json_pack("[{s:s, s:I, s:I}]", "chrom", s->chrom, "start", (json_int_t)start,
                                 "end", (json_int_t)(start + (int64_t)n));
    int status = interval && json_object_set(options, "intervals", interval) == 0
                     ? mfd_client_json(s->app->client, "/api/v1/ism", NULL, options, &answer, err)
                     : mfd_fail_nomem(err);
    json_decref(interval);
    if (status == MFD_OK)
        status = take_answer(s, answer, from, n, err);
    json_decref(answer);
    return status;
}

int scan_ask(struct scan *s, struct mfd_error *err)
{
    json_t *options = NULL;
    bool one = s->app->set.window && strcmp(s->app->set.window, "one") == 0;
    size_t most = one ? s->width : piece_bases(s);
    struct progress progress;
    int status = prepare(s, err);
    if (status == MFD_OK)
        status = request_options(s, &options, err);
    if (status == MFD_OK)
        status = ask_tracks(s, options, err);
    progress_begin(&progress, s->app, 0, 0);
    for (size_t from = 0, n; from < s->width && status == MFD_OK; from += n) {
        n = s->width - from < most ? s->width - from : most;
        status = ask_piece(s, options, from, n, err);
        if (status < 0 && strcmp(err->slug, "over-limit") == 0 && n > 1 && !one) {
            most = n / 2;
            n = 0;
            status = MFD_OK;
        }
        progress_show(&progress, from + n, (double)(from + n) / (double)s->width);
    }
    progress_end(&progress);
    json_decref(options);
    if (status == MFD_OK && !s->app->ok) /* then that is the answer */ {
        s->app->skipped = s->app->failed = 0;
        status = mfd_fail_as(err, MFD_EINVAL, s->first.slug, "%s", s->first.message);
    }
    return status;
}

void scan_deinit(struct scan *s)
{
    for (size_t p = 0; p < PARTS; p++) {
        free(s->effect[p]);
        free(s->sd[p]);
        free(s->levels[p]);
    }
    free(s->reference);
    free(s->chrom);
    json_decref(s->head);
}
