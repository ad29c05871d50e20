#include "tests/util/test.h"

#include <math.h>
#include <stdio.h>

#include <jansson.h>

#include "proto/encode.h"

enum { TRACKS = 37, ROWS = 5 };

/* Random numbers of all magnitudes, and now and then one that JSON cannot say. */
struct numbers {
    float values[ROWS][2][TRACKS];
};

static void make_numbers(struct numbers *n, uint32_t seed)
{
    for (size_t i = 0; i < sizeof n->values / sizeof(float); i++) {
        seed = seed * 1664525 + 1013904223;
        uint32_t bits = seed ^ seed >> 13;
        memcpy((float *)n->values + i, &bits, sizeof bits);
    }
}

static void fill(void *ctx, size_t row, size_t part, float *out)
{
    const struct numbers *n = ctx;
    memcpy(out, n->values[row][part], sizeof n->values[row][part]);
}

static const char *names[TRACKS];
static char name_text[TRACKS][16];
static const struct mfd_part parts[] = {
    { "effect", "total", TRACKS, names, 0 },
    { "effect", "biological", TRACKS, names, 0 },
};
static const struct mfd_part split_parts[] = {
    { "effect", "total", TRACKS, names, 0 },
    { "swap", "biological", TRACKS, names, 0 },
};

static struct mfd_layout layout_of(enum mfd_input input)
{
    for (size_t i = 0; i < TRACKS; i++) {
        snprintf(name_text[i], sizeof name_text[i], "track\"%zu", i);
        names[i] = name_text[i];
    }
    return (struct mfd_layout){ .input = input,
                                .provenance = "{\"model\":\"m\"}",
                                .tracks = names,
                                .n_tracks = TRACKS,
                                .parts = parts,
                                .n_parts = 2,
                                .rows = ROWS };
}

/* Two bins, an error, three bins; as sequences and variants: one row each of the first bins. */
static struct mfd_row rows[ROWS];
static struct mfd_problem problem;
static struct mfd_result results[3];
static float scratch[2 * TRACKS];

static struct mfd_results batch(struct numbers *n, bool bins)
{
    for (size_t i = 0; i < ROWS; i++)
        rows[i] = (struct mfd_row){ (int64_t)i * 128, (int64_t)(i + 1) * 128, i == 0 ? 7 : 0 };
    mfd_problem_set(&problem, "contig-unknown", "/intervals/1/chrom", "no contig \"2\"\t(20)");
    results[0] = (struct mfd_result){ .index = 0,
                                      .id = "a\tb",
                                      .chrom = "chr20",
                                      .start = 10,
                                      .end = 250,
                                      .ref = "A",
                                      .alt = "CT",
                                      .flipped = true,
                                      .rows = rows,
                                      .n_rows = bins ? 2 : 1,
                                      .first_row = 0 };
    results[1] =
        (struct mfd_result){ .index = 1, .outcome = MFD_OUTCOME_ERROR, .problem = &problem };
    results[2] = (struct mfd_result){ .index = 2,
                                      .chrom = "chr20",
                                      .start = 256,
                                      .end = 640,
                                      .ref = "G",
                                      .alt = "T",
                                      .rows = rows + 2,
                                      .n_rows = bins ? 3 : 1,
                                      .first_row = 2 };
    return (struct mfd_results){ results, 3, fill, n, scratch };
}

static const struct mfd_counts counts = { .ok = 2, .error = 1 };

static void write_all(const struct mfd_encoder *encoder, const struct mfd_layout *layout,
                      const struct mfd_results *all, struct mfd_buffer *out)
{
    encoder->start(layout, out);
    encoder->results(layout, all, out);
    encoder->end(layout, &counts, out);
    assert_false(out->failed);
}

static void assert_numbers(const json_t *array, const float *values)
{
    assert_int_equal(json_array_size(array), TRACKS);
    for (size_t i = 0; i < TRACKS; i++) {
        const json_t *item = json_array_get(array, i);
        float back = (float)json_number_value(item);
        if (!isfinite(values[i]))
            assert_true(json_is_null(item));
        else
            assert_memory_equal(&back, &values[i], sizeof back);
    }
}

static void json_gives_every_number_back_exactly(void **state)
{
    (void)state;
    struct mfd_layout layout = layout_of(MFD_INPUT_INTERVALS);
    for (uint32_t seed = 1; seed < 200; seed++) {
        struct numbers n;
        make_numbers(&n, seed);
        struct mfd_results all = batch(&n, true);
        struct mfd_buffer out = MFD_BUFFER_INIT;
        write_all(&mfd_encode_json, &layout, &all, &out);
        json_t *answer = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(answer);
        const json_t *list = json_object_get(answer, "results");
        for (size_t i = 0; i < 3; i++)
            for (size_t j = 0; j < results[i].n_rows; j++) {
                const json_t *bin =
                    json_array_get(json_object_get(json_array_get(list, i), "bins"), j);
                const json_t *values = json_object_get(bin, "effect");
                size_t row = results[i].first_row + j;
                assert_numbers(json_object_get(values, "total"), n.values[row][0]);
                assert_numbers(json_object_get(values, "biological"), n.values[row][1]);
            }
        json_decref(answer);
        mfd_buffer_deinit(&out);
    }
}

static const char *text_at(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void a_variant_says_what_and_how_it_was_scored(void **state)
{
    (void)state;
    struct mfd_layout layout = layout_of(MFD_INPUT_VARIANTS);
    layout.parts = split_parts;
    struct numbers n;
    make_numbers(&n, 3);
    struct mfd_results all = batch(&n, false);
    struct mfd_buffer out = MFD_BUFFER_INIT;
    write_all(&mfd_encode_json, &layout, &all, &out);
    json_t *answer = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(answer);
    const json_t *list = json_object_get(answer, "results");
    const json_t *first = json_array_get(list, 0), *second = json_array_get(list, 1);
    assert_string_equal(text_at(first, "status"), "ok");
    assert_string_equal(text_at(first, "id"), "a\tb");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(first, "variant"), "pos")),
                     11);
    assert_true(json_is_true(json_object_get(first, "flipped")));
    assert_int_equal(json_integer_value(json_object_get(first, "padded")), 7);
    assert_numbers(json_object_get(json_object_get(first, "effect"), "total"), n.values[0][0]);
    assert_numbers(json_object_get(json_object_get(first, "swap"), "biological"), n.values[0][1]);
    assert_string_equal(text_at(second, "status"), "error");
    assert_true(json_is_null(json_object_get(second, "id")));
    assert_string_equal(text_at(json_object_get(second, "problem"), "type"),
                        "/problems/contig-unknown");
    assert_null(json_object_get(second, "effect"));
    const json_t *summary = json_object_get(answer, "summary");
    assert_int_equal(json_integer_value(json_object_get(summary, "items")), 3);
    assert_int_equal(json_integer_value(json_object_get(summary, "error")), 1);
    assert_string_equal(text_at(json_object_get(answer, "provenance"), "model"), "m");
    assert_int_equal(json_array_size(json_object_get(answer, "tracks")), TRACKS);
    json_decref(answer);
    mfd_buffer_deinit(&out);
}

static void ndjson_is_one_document_a_line(void **state)
{
    (void)state;
    struct mfd_layout layout = layout_of(MFD_INPUT_SEQUENCES);
    struct numbers n;
    make_numbers(&n, 4);
    struct mfd_results all = batch(&n, false);
    struct mfd_buffer out = MFD_BUFFER_INIT;
    write_all(&mfd_encode_ndjson, &layout, &all, &out);
    static const char *const members[] = { "provenance", "effect", "problem", "effect", "summary" };
    char *line = out.data;
    for (size_t i = 0; i < 5; i++) {
        char *end = strchr(line, '\n');
        assert_non_null(end);
        json_t *value = json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(json_object_get(value, members[i]));
        json_decref(value);
        line = end + 1;
    }
    assert_int_equal(*line, '\0');
    mfd_buffer_deinit(&out);
}

static void parts_of_an_answer_join_to_the_whole(void **state)
{
    (void)state;
    static const struct mfd_encoder *const encoders[] = { &mfd_encode_json, &mfd_encode_ndjson,
                                                          &mfd_encode_tsv, &mfd_encode_npy };
    struct mfd_layout layout = layout_of(MFD_INPUT_INTERVALS);
    struct numbers n;
    make_numbers(&n, 5);
    for (size_t i = 0; i < 4; i++) {
        struct mfd_results all = batch(&n, true), part = all;
        struct mfd_buffer whole = MFD_BUFFER_INIT, joined = MFD_BUFFER_INIT;
        write_all(encoders[i], &layout, &all, &whole);
        encoders[i]->start(&layout, &joined);
        part.n = 1;
        for (size_t j = 0; j < 3; j++, part.results++)
            encoders[i]->results(&layout, &part, &joined);
        encoders[i]->end(&layout, &counts, &joined);
        assert_int_equal(joined.len, whole.len);
        assert_memory_equal(joined.data, whole.data, whole.len);
        mfd_buffer_deinit(&whole);
        mfd_buffer_deinit(&joined);
    }
}

static size_t count(const char *text, char c)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == c;
    return n;
}

static void a_table_has_a_line_a_value_and_as_many_fields_everywhere(void **state)
{
    (void)state;
    static const enum mfd_input inputs[] = { MFD_INPUT_SEQUENCES, MFD_INPUT_INTERVALS,
                                             MFD_INPUT_VARIANTS };
    for (size_t i = 0; i < 3; i++) {
        bool bins = inputs[i] == MFD_INPUT_INTERVALS;
        struct mfd_layout layout = layout_of(inputs[i]);
        struct numbers n;
        make_numbers(&n, 6);
        struct mfd_results all = batch(&n, bins);
        struct mfd_buffer out = MFD_BUFFER_INIT;
        write_all(&mfd_encode_tsv, &layout, &all, &out);
        assert_int_equal(count(out.data, '\n'), 1 + (bins ? 5 : 2) * 2 * TRACKS + 1);
        size_t fields = 0;
        for (char *line = out.data, *end; *line; line = end + 1) {
            end = strchr(line, '\n');
            *end = '\0';
            fields = fields ? fields : count(line, '\t');
            assert_int_equal(count(line, '\t'), fields);
            assert_null(strstr(line, "nan"));
            assert_null(strstr(line, "null"));
        }
        mfd_buffer_deinit(&out);
    }
}

static void tables_hold_the_numbers_in_order(void **state)
{
    (void)state;
    struct mfd_layout layout = layout_of(MFD_INPUT_INTERVALS);
    struct numbers n;
    make_numbers(&n, 7);
    struct mfd_results all = batch(&n, true);
    struct mfd_buffer out = MFD_BUFFER_INIT;
    write_all(&mfd_encode_tsv, &layout, &all, &out);
    const char *line = strchr(out.data, '\n') + 1;
    static const char left[] = "0\ta b\tok\tchr20\t0\t128\t7\teffect\ttotal\ttrack\"0\t";
    assert_memory_equal(line, left, sizeof left - 1);
    for (size_t i = 0; i < TRACKS; i++, line = strchr(line, '\n') + 1) {
        const char *field = line;
        for (int tab = 0; tab < 10; tab++)
            field = strchr(field, '\t') + 1;
        float wanted = n.values[0][0][i], back = strtof(field, NULL);
        if (isfinite(wanted))
            assert_memory_equal(&back, &wanted, sizeof back);
        else
            assert_int_equal(*field, '\t');
    }
    assert_non_null(
        strstr(out.data, "\n1\t\terror\t\t\t\t\t\t\t\t\tcontig-unknown\tno contig \"2\" (20)\n"));
    mfd_buffer_deinit(&out);
}

static void an_npy_file_has_a_row_a_bin_and_nan_where_nothing_was_scored(void **state)
{
    (void)state;
    struct mfd_layout layout = layout_of(MFD_INPUT_INTERVALS);
    layout.rows = ROWS + 1;
    struct numbers n;
    make_numbers(&n, 8);
    struct mfd_results all = batch(&n, true);
    struct mfd_buffer out = MFD_BUFFER_INIT;
    write_all(&mfd_encode_npy, &layout, &all, &out);
    assert_memory_equal(out.data, "\x93NUMPY\x01\x00", 8);
    size_t header = 10 + (unsigned char)out.data[8] + 256u * (unsigned char)out.data[9];
    assert_non_null(strstr(out.data + 10, "(6, 2, 37)"));
    size_t row = sizeof n.values[0];
    assert_int_equal(out.len, header + 6 * row);
    assert_memory_equal(out.data + header, n.values[0], 2 * row);
    float nan[2 * TRACKS];
    memcpy(nan, out.data + header + 2 * row, row);
    for (size_t i = 0; i < 2 * TRACKS; i++)
        assert_true(isnan(nan[i]));
    assert_memory_equal(out.data + header + 3 * row, n.values[2], 3 * row);
    mfd_buffer_deinit(&out);
}

static void bedgraph_has_a_section_a_track_and_component(void **state)
{
    (void)state;
    struct mfd_layout layout = layout_of(MFD_INPUT_INTERVALS);
    struct numbers n;
    for (size_t i = 0; i < sizeof n.values / sizeof(float); i++)
        ((float *)n.values)[i] = (float)i / 4;
    struct mfd_results all = batch(&n, true);
    struct mfd_buffer out = MFD_BUFFER_INIT;
    write_all(&mfd_encode_bedgraph, &layout, &all, &out);
    assert_int_equal(count(out.data, '\n'), 2 * TRACKS * (1 + 5));
    const char *first = "track type=bedGraph name=\"track_0 total\"\n"
                        "chr20\t0\t128\t0\n"
                        "chr20\t128\t256\t18.5\n"
                        "chr20\t256\t384\t37\n"
                        "chr20\t384\t512\t55.5\n"
                        "chr20\t512\t640\t74\n"
                        "track type=bedGraph name=\"track_1 total\"\n";
    assert_memory_equal(out.data, first, strlen(first));
    mfd_buffer_deinit(&out);
}

/* As a long job has it: one track of one component, a few results at a time. */
static void bedgraph_of_one_track_grows_result_by_result(void **state)
{
    (void)state;
    struct mfd_layout layout = layout_of(MFD_INPUT_INTERVALS);
    layout.n_parts = 1;
    struct mfd_part one = layout.parts[0];
    one.width = 1;
    layout.parts = &one;
    struct numbers n;
    for (size_t i = 0; i < sizeof n.values / sizeof(float); i++)
        ((float *)n.values)[i] = (float)i / 4;
    struct mfd_results all = batch(&n, true), part = all;
    struct mfd_buffer whole = MFD_BUFFER_INIT, grown = MFD_BUFFER_INIT;
    write_all(&mfd_encode_bedgraph, &layout, &all, &whole);
    assert_int_equal(count(whole.data, '\n'), 1 + 5);
    mfd_encode_bedgraph.start(&layout, &grown);
    for (size_t i = 0; i < all.n; i++) {
        part.results = all.results + i;
        part.n = 1;
        mfd_encode_bedgraph.results(&layout, &part, &grown);
    }
    assert_int_equal(grown.len, whole.len);
    assert_memory_equal(grown.data, whole.data, whole.len);
    mfd_buffer_deinit(&whole);
    mfd_buffer_deinit(&grown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_gives_every_number_back_exactly),
        cmocka_unit_test(a_variant_says_what_and_how_it_was_scored),
        cmocka_unit_test(ndjson_is_one_document_a_line),
        cmocka_unit_test(parts_of_an_answer_join_to_the_whole),
        cmocka_unit_test(a_table_has_a_line_a_value_and_as_many_fields_everywhere),
        cmocka_unit_test(tables_hold_the_numbers_in_order),
        cmocka_unit_test(an_npy_file_has_a_row_a_bin_and_nan_where_nothing_was_scored),
        cmocka_unit_test(bedgraph_has_a_section_a_track_and_component),
        cmocka_unit_test(bedgraph_of_one_track_grows_result_by_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
