#include "tests/util/test.h"

#include <math.h>

#include "core/model/virtual.h"
#include "server/handlers/choice_in.h"

/* A model with four tracks and three columns in place of a bundle. */
enum { TRACKS = 4, COLUMNS = 3 };
static const char *const ids[TRACKS] = { "ENC1", "ENC2", "ENC3", "ENC4" };
static const char *const columns[COLUMNS] = { "target", "organs", "year" };
static const char *const cells[TRACKS][COLUMNS] = {
    { "CTCF", "liver,blood", "2015.0" },
    { "POLR2A", "blood", "2016.0" },
    { "CTCF", "brain", "nan" },
    { "EP300", "liver, left", "2015.0" },
};
static struct mfd_config config = { .model_class = MFD_DISENTANGLED, .tracks = TRACKS };

const struct mfd_config *mfd_model_config(const struct mfd_model *model)
{
    (void)model;
    return &config;
}
size_t mfd_model_tracks(const struct mfd_model *model)
{
    (void)model;
    return TRACKS;
}
const char *mfd_model_track_id(const struct mfd_model *model, size_t track)
{
    (void)model;
    return ids[track];
}
size_t mfd_model_find_track(const struct mfd_model *model, const char *id)
{
    (void)model;
    for (size_t i = 0; i < TRACKS; i++)
        if (strcmp(ids[i], id) == 0)
            return i;
    return MFD_NONE;
}
size_t mfd_model_columns(const struct mfd_model *model)
{
    (void)model;
    return COLUMNS;
}
const char *mfd_model_column(const struct mfd_model *model, size_t column)
{
    (void)model;
    return columns[column];
}
const char *mfd_model_cell(const struct mfd_model *model, size_t track, size_t column)
{
    (void)model;
    return cells[track][column];
}

/* Virtual weights are the model's own matter; here they only say what they were asked. */
static size_t coded_defaults;

int mfd_virtual_code(const struct mfd_model *model, const json_t *metadata, size_t defaults,
                     struct mfd_combination *out, char *column, struct mfd_error *err)
{
    (void)model, (void)out;
    coded_defaults = defaults;
    if (!json_object_get(metadata, "mars"))
        return MFD_OK;
    memcpy(column, "mars", 5);
    return mfd_fail_as(err, MFD_ENOTFOUND, "unknown-column", "no column mars");
}
void mfd_combination_deinit(struct mfd_combination *c)
{
    (void)c;
}
int mfd_virtual_weights(const struct mfd_model *model, const struct mfd_combination *combinations,
                        size_t n, const struct mfd_virtual **out, size_t *bad,
                        struct mfd_error *err)
{
    (void)model, (void)bad, (void)err;
    static struct mfd_virtual weights;
    weights.tracks = n;
    assert_int_equal(combinations[0].bias_policy, MFD_BIAS_NONE);
    *out = &weights;
    return MFD_OK;
}
void mfd_virtual_unref(const struct mfd_virtual *v)
{
    (void)v;
}
struct mfd_head *mfd_virtual_shared_head(const struct mfd_virtual *v)
{
    struct mfd_head *head = calloc(1, sizeof *head);
    if (head)
        head->tracks = v->tracks;
    return head;
}

/* Averages and contrasts are tested over HTTP, where there is a model to ask. */
const char *mfd_choice_like(const struct mfd_model *model, const struct mfd_body *body,
                            const struct mfd_virtual_track *track)
{
    (void)model, (void)body;
    return track->like;
}
int mfd_choice_contrast(struct mfd_choice *choice, const struct mfd_model *model,
                        const struct mfd_body *body, struct mfd_problem *problem)
{
    (void)choice, (void)model, (void)body, (void)problem;
    fail();
    return -1;
}
int mfd_choice_marginal(struct mfd_choice *choice, const struct mfd_model *model,
                        const struct mfd_body *body, struct mfd_problem *problem)
{
    return mfd_choice_contrast(choice, model, body, problem);
}
void mfd_marginal_free(struct mfd_marginal *m)
{
    assert_null(m);
}
void mfd_contrast_free(struct mfd_contrast *c)
{
    assert_null(c);
}
void mfd_marginal_reduce(const struct mfd_marginal *m, const float *values, size_t n, float *mean,
                         float *sd)
{
    (void)m, (void)values, (void)n, (void)mean, (void)sd;
    fail();
}
void mfd_contrast_reduce(const struct mfd_contrast *c, const float *values, size_t n, float *out)
{
    (void)c, (void)values, (void)n, (void)out;
    fail();
}

static const struct mfd_limits limits = MFD_LIMITS_INIT;

/* Decode {"sequences": ["A"], MEMBERS} and choose. */
static int choose(struct mfd_choice *choice, struct mfd_body *body, const char *members,
                  struct mfd_problem *problem)
{
    struct mfd_buffer json = MFD_BUFFER_INIT;
    mfd_buffer_addf(&json, "{\"sequences\":[\"A\"]%s%s}", members[0] ? "," : "", members);
    assert_int_equal(
        mfd_body_decode(body, MFD_CALL_PREDICT, json.data, json.len, &limits, 10, problem), 0);
    mfd_buffer_deinit(&json);
    return mfd_choice_make(choice, NULL, body, problem);
}

static void tracks_are_chosen_by_identifier_and_metadata(void **state)
{
    (void)state;
    static const struct {
        const char *members;
        size_t n, index[TRACKS];
    } cases[] = {
        { "", 4, { 0, 1, 2, 3 } },
        { "\"tracks\":{}", 4, { 0, 1, 2, 3 } },
        { "\"tracks\":{\"ids\":[\"ENC3\",\"ENC1\"]}", 2, { 2, 0 } },
        { "\"tracks\":{\"where\":{\"target\":[\"CTCF\"]}}", 2, { 0, 2 } },
        { "\"tracks\":{\"where\":{\"target\":[\"CTCF\",\"EP300\"],\"organs\":[\"liver\"]}}",
          2,
          { 0, 3 } },
        { "\"tracks\":{\"where\":{\"organs\":[\"blood\"]}}", 2, { 0, 1 } },
        { "\"tracks\":{\"where\":{\"organs\":[\" left\"]}}", 1, { 3 } }, /* blanks are kept */
        { "\"tracks\":{\"where\":{\"year\":[\"2015\"]}}", 2, { 0, 3 } },
        { "\"tracks\":{\"where\":{\"year\":[\"nan\"]}}", 1, { 2 } },
        { "\"tracks\":{\"ids\":[\"ENC3\",\"ENC2\"],\"where\":{\"target\":[\"CTCF\"]}}", 1, { 2 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_choice choice;
        struct mfd_body body;
        struct mfd_problem problem;
        if (choose(&choice, &body, cases[i].members, &problem))
            fail_msg("%s: %s", cases[i].members, problem.detail);
        assert_int_equal(choice.n, cases[i].n);
        assert_int_equal(choice.width, cases[i].n);
        assert_int_equal(choice.stride, TRACKS);
        assert_memory_equal(choice.index, cases[i].index, cases[i].n * sizeof(size_t));
        for (size_t j = 0; j < choice.n; j++)
            assert_string_equal(choice.columns[j], ids[choice.index[j]]);
        mfd_choice_deinit(&choice);
        mfd_body_deinit(&body);
    }
}

static void what_the_model_does_not_know_is_named_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *members, *slug, *pointer, *hint;
    } cases[] = {
        { "\"tracks\":{\"ids\":[\"ENC1\",\"ENC5\"]}", "unknown-track", "/tracks/ids/1", "ENC1" },
        { "\"tracks\":{\"ids\":[\"ENC1\",\"ENC1\"]}", "invalid-value", "/tracks/ids/1", NULL },
        { "\"tracks\":{\"where\":{\"Target\":[\"CTCF\"]}}", "unknown-column",
          "/tracks/where/Target", "\"target\"" },
        { "\"tracks\":{\"where\":{\"target\":[\"CTCF\",\"POLR2\"]}}", "unknown-label",
          "/tracks/where/target/1", "\"POLR2A\"" },
        { "\"tracks\":{\"where\":{\"organs\":[\"lever\"]}}", "unknown-label",
          "/tracks/where/organs/0", "\"liver\"" },
        { "\"tracks\":{\"where\":{\"target\":[\"EP300\"],\"organs\":[\"brain\"]}}",
          "no-track-matches", "/tracks", NULL },
        { "\"virtual_tracks\":[{\"id\":\"v\",\"metadata\":{\"mars\":1}}]", "unknown-column",
          "/virtual_tracks/0/metadata/mars", NULL },
        { "\"virtual_tracks\":[{\"id\":\"v\",\"like\":\"ENC9\",\"metadata\":{\"target\":\"x\"}}]",
          "unknown-track", "/virtual_tracks/0/like", "ENC" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_choice choice = { .n = 77 };
        struct mfd_body body;
        struct mfd_problem problem;
        assert_int_equal(choose(&choice, &body, cases[i].members, &problem), -1);
        assert_string_equal(problem.type->slug, cases[i].slug);
        assert_string_equal(problem.pointer, cases[i].pointer);
        if (cases[i].hint)
            assert_non_null(strstr(problem.extra, cases[i].hint));
        assert_int_equal(choice.n, 77);
        mfd_body_deinit(&body);
    }
}

static void virtual_tracks_have_a_head_of_their_own(void **state)
{
    (void)state;
    struct mfd_choice choice;
    struct mfd_body body;
    struct mfd_problem problem;
    assert_int_equal(choose(&choice, &body,
                            "\"virtual_tracks\":[{\"id\":\"a\",\"metadata\":{\"target\":\"x\"}},"
                            "{\"id\":\"b\",\"like\":\"ENC3\",\"metadata\":{\"target\":\"y\"}}]",
                            &problem),
                     0);
    assert_int_equal(choice.stride, 2);
    assert_null(choice.index);
    assert_int_equal(choice.head->tracks, 2);
    assert_string_equal(choice.columns[1], "b");
    assert_int_equal(coded_defaults, 2); /* the row of ENC3 */
    mfd_choice_deinit(&choice);
    mfd_body_deinit(&body);
    config.model_class = MFD_BASELINE;
    assert_int_equal(choose(&choice, &body,
                            "\"virtual_tracks\":[{\"id\":\"a\",\"metadata\":{\"x\":1}}]", &problem),
                     -1);
    assert_string_equal(problem.type->slug, "unsupported");
    mfd_body_deinit(&body);
    config.model_class = MFD_DISENTANGLED;
}

static void numbers_are_picked_averaged_or_the_largest_taken(void **state)
{
    (void)state;
    static const float row[TRACKS] = { 1, -2, 4, 8 };
    static const struct {
        const char *members;
        float numbers[TRACKS];
    } cases[] = {
        { "\"tracks\":{\"ids\":[\"ENC4\",\"ENC2\"]}", { 8, -2 } },
        { "\"tracks\":{\"ids\":[\"ENC4\",\"ENC2\"],\"aggregate\":\"mean\"}", { 3 } },
        { "\"tracks\":{\"aggregate\":\"max\"}", { 8 } },
        { "\"tracks\":{\"where\":{\"target\":[\"CTCF\"]},\"aggregate\":\"mean\"}", { 2.5f } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_choice choice;
        struct mfd_body body;
        struct mfd_problem problem;
        float out[TRACKS];
        assert_int_equal(choose(&choice, &body, cases[i].members, &problem), 0);
        mfd_choice_gather(&choice, MFD_GATHER_TRACKS, row, out);
        assert_memory_equal(out, cases[i].numbers, choice.width * sizeof(float));
        if (choice.aggregate != MFD_AGGREGATE_NONE)
            assert_string_equal(choice.columns[0], mfd_aggregate_names[choice.aggregate]);
        mfd_choice_deinit(&choice);
        mfd_body_deinit(&body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tracks_are_chosen_by_identifier_and_metadata),
        cmocka_unit_test(what_the_model_does_not_know_is_named_with_its_place),
        cmocka_unit_test(virtual_tracks_have_a_head_of_their_own),
        cmocka_unit_test(numbers_are_picked_averaged_or_the_largest_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
