#include "tests/util/test.h"

#include "proto/decode.h"

static void options_from_a_query_string_mean_what_members_mean(void **state)
{
    (void)state;
    struct mfd_problem problem = MFD_PROBLEM_INIT;
    struct mfd_body body;
    mfd_body_defaults(&body, MFD_CALL_VARIANTS);
    static const char *const good[][2] = {
        { "model", "m@2" },
        { "genome", "hg19" },
        { "scale", "logit" },
        { "ensemble", "strands" },
        { "components", "total,technical" },
        { "scores", "swap,effect,quantile" },
        { "features", "biological" },
        { "aggregate", "mean" },
        { "pad", "true" },
        { "strict", "false" },
        { "dry_run", "true" },
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(mfd_body_option(&body, good[i][0], good[i][1], &problem), 0);
    assert_string_equal(body.model, "m@2");
    assert_int_equal(body.scale, MFD_SCALE_LOGIT);
    assert_int_equal(body.shifts, 1);
    assert_int_equal(body.components, MFD_PART_TOTAL | MFD_PART_TECHNICAL);
    assert_int_equal(body.scores, MFD_SCORE_EFFECT | MFD_SCORE_SWAP | MFD_SCORE_QUANTILE);
    assert_int_equal(body.subspaces, MFD_SUBSPACE_BIOLOGICAL);
    assert_int_equal(body.tracks.aggregate, MFD_AGGREGATE_MEAN);
    assert_true(body.pad && !body.strict && body.dry_run);

    static const char *const bad[][2] = {
        { "model", "" },
        { "scale", "" },
        { "scale", "logits" },
        { "components", "" },
        { "components", "total," },
        { "components", ",total" },
        { "components", "total,total" },
        { "scores", "effect;swap" },
        { "pad", "1" },
        { "strict", "True" },
        { "aggregate", "sum" },
        { "ensemble", "14" },
        { "features", "all" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (mfd_body_option(&body, bad[i][0], bad[i][1], &problem) != -1)
            fail_msg("accepted: %s=%s", bad[i][0], bad[i][1]);
        assert_string_equal(problem.type->slug, "invalid-parameter");
    }
    assert_int_equal(mfd_body_option(&body, "colour", "red", &problem), 1);
}

static void options_that_are_more_than_a_word_are_read_as_members(void **state)
{
    (void)state;
    static const struct mfd_limits limits = MFD_LIMITS_INIT;
    static const char *const good[][2] = {
        { "over", "lab,year" },
        { "distribution", "given" },
        { "levels", "true" },
        { "settings", "[{\"values\":{\"lab\":\"x\",\"year\":1}}]" },
        { "like", "T1" },
        { "held", "technical" },
        { "a", "{\"lab\":\"x\"}" },
        { "b", "{\"lab\":null}" },
        { "where", "{\"lab\":[\"x\",\"y\"]}" },
        { "virtual_tracks", "[{\"id\":\"v\",\"metadata\":{\"lab\":\"x\"}}]" },
    };
    struct mfd_problem problem = MFD_PROBLEM_INIT;
    struct mfd_body body;
    mfd_body_defaults(&body, MFD_CALL_VARIANTS);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(mfd_body_member(&body, good[i][0], good[i][1], &limits, &problem), 0);
    assert_int_equal(mfd_body_member(&body, "like", "T2", &limits, &problem), -1);
    assert_string_equal(problem.type->slug, "invalid-parameter");
    assert_int_equal(mfd_body_member(&body, "colour", "red", &limits, &problem), 1);
    problem = (struct mfd_problem)MFD_PROBLEM_INIT;
    assert_int_equal(mfd_body_members(&body, &limits, &problem), 0);
    assert_int_equal(body.n_over, 2);
    assert_string_equal(body.over[1], "year");
    assert_int_equal(body.distribution, MFD_DISTRIBUTION_GIVEN);
    assert_true(body.levels && body.tracks.given);
    assert_int_equal(body.n_given, 1);
    assert_string_equal(body.like, "T1");
    assert_int_equal(body.held, MFD_HOLD_TECHNICAL);
    assert_true(json_object_get(body.a, "lab") && json_is_null(json_object_get(body.b, "lab")));
    assert_string_equal(body.tracks.where[0].labels[1], "y");
    assert_string_equal(body.virtual_tracks[0].id, "v");
    mfd_body_deinit(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_from_a_query_string_mean_what_members_mean),
        cmocka_unit_test(options_that_are_more_than_a_word_are_read_as_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
