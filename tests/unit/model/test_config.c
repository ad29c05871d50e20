#include "core/model/config.h"

#include "tests/util/test.h"

static int parse(const char *text, struct mfd_config *c, struct mfd_error *err)
{
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    int status = mfd_config_from_json(c, json, err);
    json_decref(json);
    return status;
}

static void the_defaults_are_those_of_the_public_code(void **state)
{
    (void)state;
    struct mfd_config c;
    struct mfd_error err = MFD_ERROR_INIT;
    assert_int_equal(parse("{\"model_class\":\"IEAquaticDilated\",\"n_classes\":2106}", &c, &err),
                     MFD_OK);
    assert_int_equal(c.model_class, MFD_DISENTANGLED);
    assert_int_equal(c.activation, MFD_GELU_TANH);
    assert_int_equal(c.seq_len, 2176);
    assert_int_equal(c.seq_order, 1);
    assert_int_equal(c.n_tower, 6);
    assert_int_equal(c.n_dilated, 2);
    assert_int_equal(c.dilation[0], 2);
    assert_int_equal(c.dilation[1], 3);
    assert_int_equal(c.crop, 8);
    assert_int_equal(c.tower_kernel, 5);
    assert_int_equal(c.width[0], 384);
    assert_int_equal(c.embed, 1536);
    assert_int_equal(c.biological, 768);
    assert_int_equal(c.technical, 768);
    assert_int_equal(c.tracks, 2106);
    assert_false(c.signal_to_noise);
    assert_int_equal(mfd_config_bin(&c), 128);
    assert_int_equal(mfd_config_window(&c), 2176);
    assert_int_equal(mfd_config_published_window(&c), 2184);
}

static void a_count_of_biological_features_needs_a_ratio_of_null(void **state)
{
    (void)state;
    struct mfd_config c;
    struct mfd_error err = MFD_ERROR_INIT;
    assert_int_equal(parse("{\"model_class\":\"IEAquaticDilated\",\"C\":32,"
                           "\"biological_subspace_ratio\":null,\"biological_subspace_n\":40}",
                           &c, &err),
                     MFD_OK);
    assert_int_equal(c.biological, 40);
    assert_int_equal(c.technical, 24);
    assert_int_equal(parse("{\"model_class\":\"IEAquaticDilated\",\"C\":32,"
                           "\"biological_subspace_ratio\":null,\"technical_subspace_n\":10}",
                           &c, &err),
                     MFD_OK);
    assert_int_equal(c.biological, 54);
    assert_int_equal(c.technical, 10);
    assert_int_equal(
        parse("{\"model_class\":\"IEAquaticDilated\",\"biological_subspace_n\":40}", &c, &err),
        MFD_EFORMAT);
}

static void dilations_are_truncated_as_python_does(void **state)
{
    (void)state;
    struct mfd_config c;
    struct mfd_error err = MFD_ERROR_INIT;
    assert_int_equal(parse("{\"model_class\":\"AquaticDilated\",\"L2\":5}", &c, &err), MFD_OK);
    const size_t expected[] = { 2, 3, 4, 6, 10 };
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(c.dilation[i], expected[i]);
    assert_int_equal(c.biological + c.technical, 0);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *json, *names;
        int status;
    } cases[] = {
        { "{}", "model_class", MFD_EFORMAT },
        { "[]", "not an object", MFD_EFORMAT },
        { "{\"model_class\":\"Beluga\"}", "Beluga", MFD_EUNSUPPORTED },
        { "{\"model_class\":7}", "model_class", MFD_EFORMAT },
        { "{\"model_class\":\"AquaticDilated\",\"seq_len\":\"long\"}", "seq_len", MFD_EFORMAT },
        { "{\"model_class\":\"AquaticDilated\",\"seq_len\":2177}", "one position",
          MFD_EUNSUPPORTED },
        { "{\"model_class\":\"AquaticDilated\",\"seq_len\":-1}", "seq_len", MFD_EFORMAT },
        { "{\"model_class\":\"AquaticDilated\",\"seq_order\":4}", "seq_order", MFD_EFORMAT },
        { "{\"model_class\":\"AquaticDilated\",\"L1\":13}", "L1", MFD_EFORMAT },
        { "{\"model_class\":\"AquaticDilated\",\"L2\":1e300}", "L2", MFD_EFORMAT },
        { "{\"model_class\":\"AquaticDilated\",\"crop\":0}", "crop", MFD_EFORMAT },
        { "{\"model_class\":\"AquaticDilated\",\"D\":0.1}", "dilation", MFD_EFORMAT },
        { "{\"model_class\":\"AquaticDilated\",\"D\":\"big\"}", "'D'", MFD_EFORMAT },
        { "{\"model_class\":\"AquaticDilated\",\"C\":1}", "'C'", MFD_EFORMAT },
        { "{\"model_class\":\"AquaticDilated\",\"tower_kernel_size\":4}", "even",
          MFD_EUNSUPPORTED },
        { "{\"model_class\":\"AquaticDilated\",\"activation\":\"silu\"}", "silu",
          MFD_EUNSUPPORTED },
        { "{\"model_class\":\"AquaticDilated\",\"activation\":null}", "activation",
          MFD_EUNSUPPORTED },
        { "{\"model_class\":\"AquaticDilated\",\"labels_encoder\":true}", "labels_encoder",
          MFD_EUNSUPPORTED },
        { "{\"model_class\":\"IEAquaticDilated\",\"learn_signal_to_noise\":1}",
          "learn_signal_to_noise", MFD_EFORMAT },
        { "{\"model_class\":\"IEAquaticDilated\",\"biological_subspace_ratio\":null}",
          "learns its subspaces", MFD_EUNSUPPORTED },
        { "{\"model_class\":\"IEAquaticDilated\",\"biological_subspace_ratio\":1.5}", "0..1",
          MFD_EFORMAT },
        { "{\"model_class\":\"IEAquaticDilated\",\"biological_subspace_ratio\":1}",
          "cannot be split", MFD_EFORMAT },
        { "{\"model_class\":\"IEAquaticDilated\",\"C\":8,\"biological_subspace_ratio\":null,"
          "\"biological_subspace_n\":9,\"technical_subspace_n\":9}",
          "cannot be split", MFD_EFORMAT },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_config c = { .seq_len = 99 };
        struct mfd_error err = MFD_ERROR_INIT;
        assert_int_equal(parse(cases[i].json, &c, &err), cases[i].status);
        if (!strstr(err.message, cases[i].names))
            fail_msg("%s: '%s' does not name '%s'", cases[i].json, err.message, cases[i].names);
        assert_int_equal(c.seq_len, 99); /* untouched on failure */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_those_of_the_public_code),
        cmocka_unit_test(a_count_of_biological_features_needs_a_ratio_of_null),
        cmocka_unit_test(dilations_are_truncated_as_python_does),
        cmocka_unit_test(what_is_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
