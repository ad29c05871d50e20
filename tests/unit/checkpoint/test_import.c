/* Checkpoints that are refused for what they are, before any file beside them is looked at; and
 * those whose track order is not to be had. tests/golden/test_import.c has the others. */
#include "tests/util/test.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/checkpoint/import.h"
#include "tests/util/pickler.h"

static char dir[] = "/tmp/mfd-test-XXXXXX", checkpoint[64], out[64], ids[64], table[64];
static const char *metadata = "/nonexistent/metadata.tsv";

/* One hyper-parameter over those of a plain model. */
struct hyper {
    const char *name;
    const char *pickled; /* opcodes that leave one value, or NULL: */
    const char *text;    /* text */
};

static void put_bias(struct mfd_buffer *b, const char *name)
{
    pk_text(b, name);
    pk_global(b, "torch._utils _rebuild_tensor_v2");
    pk_op(b, "((");
    pk_text(b, "storage");
    pk_global(b, "torch FloatStorage");
    pk_text(b, "0");
    pk_text(b, "cpu");
    pk_op(b, "K\2tQ");
    pk_number(b, 'K', 1);
    pk_number(b, 0, 1);
    pk_op(b, "K\2\x85K\1\x85\x89NtR");
}

/* A checkpoint of two tracks with nothing but biases. */
static void write_checkpoint(const struct hyper *h, const char *const *names, size_t n)
{
    static const float numbers[] = { 1, 2 };
    struct mfd_buffer b = MFD_BUFFER_INIT, zip = MFD_BUFFER_INIT;
    pk_op(&b, "}(");
    pk_text(&b, "state_dict");
    pk_op(&b, "}(");
    for (size_t i = 0; i < n; i++)
        put_bias(&b, names[i]);
    pk_op(&b, "u");
    pk_text(&b, "hyper_parameters");
    pk_op(&b, "}(");
    pk_text(&b, "n_classes");
    pk_op(&b, "K\2");
    if (h->name) {
        pk_text(&b, h->name);
        if (h->pickled)
            pk_op(&b, h->pickled);
        else
            pk_text(&b, h->text);
    }
    pk_op(&b, "uu.");
    const struct pk_entry entries[] = { { "m/data.pkl", b.data, b.len, 0 },
                                        { "m/data/0", numbers, sizeof numbers, 0 } };
    assert_int_equal(pk_zip(&zip, entries, 2), 0);
    assert_int_equal(mfd_file_replace(checkpoint, zip.data, zip.len, NULL), MFD_OK);
    mfd_buffer_deinit(&b);
    mfd_buffer_deinit(&zip);
}

static int import(const char *tracks, struct mfd_error *err)
{
    const struct mfd_import_options options = {
        .checkpoint = checkpoint,
        .mapping = "/nonexistent/mapping.yaml",
        .metadata = metadata,
        .tracks = tracks,
        .out = out,
        .tool = "test",
    };
    int status = mfd_import(&options, NULL, err);
    assert_int_not_equal(access(out, F_OK), 0);
    return status;
}

static void every_model_that_cannot_be_served_is_refused_for_what_it_is(void **state)
{
    (void)state;
    static const char *const split[] = { "bias", "metadata_embedding.x" },
                             *const learned[] = { "bias", "metadata_embedding.x",
                                                  "mapping_biological.0.weight" },
                             *const plain[] = { "head.bias" };
    static const struct {
        struct hyper hyper;
        const char *const *names;
        size_t n;
        int status;
        const char *says;
    } cases[] = {
        { { "biological_subspace_ratio", "N", NULL },
          split,
          2,
          MFD_EUNSUPPORTED,
          "learns its subspaces" },
        { { NULL, NULL, NULL }, learned, 3, MFD_EUNSUPPORTED, "mapping_biological" },
        { { "labels_encoder", "\x88", NULL }, split, 2, MFD_EUNSUPPORTED, "labels_encoder" },
        { { "model_class", NULL, "VikiValentinConvModel" },
          split,
          2,
          MFD_EUNSUPPORTED,
          "VikiValentinConvModel" },
        { { "model_class", "K\1", NULL }, split, 2, MFD_EFORMAT, "model_class" },
        { { "activation", NULL, "swish" }, split, 2, MFD_EUNSUPPORTED, "swish" },
        { { "seq_len", "M\x81\x08", NULL }, split, 2, MFD_EUNSUPPORTED, "seq_len 2177" },
        { { "seq_order", "K\4", NULL }, split, 2, MFD_EFORMAT, "seq_order" },
        { { "L1", "K\x28", NULL }, split, 2, MFD_EFORMAT, "L1" },
        { { "L2", "K\x28", NULL }, split, 2, MFD_EFORMAT, "L2" },
        { { "crop", "J\xff\xff\xff\xff", NULL }, split, 2, MFD_EFORMAT, "crop" },
        { { "C", NULL, "many" }, split, 2, MFD_EFORMAT, "'C' is not an integer" },
        { { "D", NULL, "fast" }, split, 2, MFD_EFORMAT, "'D' is not a number" },
        { { "tower_kernel_size", "K\4", NULL }, split, 2, MFD_EUNSUPPORTED, "tower_kernel_size" },
        { { "learn_signal_to_noise", "K\1", NULL },
          split,
          2,
          MFD_EFORMAT,
          "learn_signal_to_noise" },
        { { "biological_subspace_n", "K\5", NULL },
          split,
          2,
          MFD_EFORMAT,
          "biological_subspace_ratio" },
        { { "ignore_classes", NULL, "A" }, split, 2, MFD_EFORMAT, "ignore_classes" },
        { { "ignore_classes", "K\1\x85", NULL }, split, 2, MFD_EFORMAT, "ignore_classes" },
        { { "n_classes", "K\3", NULL }, plain, 1, MFD_ENOTFOUND, "--tracks" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        write_checkpoint(&cases[i].hyper, cases[i].names, cases[i].n);
        int status = import(NULL, &err);
        if (status != cases[i].status || !strstr(err.message, cases[i].says))
            fail_msg("case %zu: %d '%s', expected '%s'", i, status, err.message, cases[i].says);
    }
}

static void what_is_wrong_with_the_table_names_its_file(void **state)
{
    (void)state;
    static const char *const plain[] = { "head.bias" };
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "File_accession\nA\n", "no row with File_accession 'B'; it is to be the one that" },
        { "File_accession,lab\nA,x\nB,y\n", "separated by tabs" },
        { "File_accession\tlab\nA\tx\tz\nB\ty\n", "line 2" },
        { "\x1f\x8b\b", "gunzip" },
    };
    write_checkpoint(&(struct hyper){ NULL, NULL, NULL }, plain, 1);
    assert_int_equal(mfd_file_replace(ids, "A\nB\n", 4, NULL), MFD_OK);
    metadata = table;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        assert_int_equal(mfd_file_replace(table, cases[i].text, strlen(cases[i].text), &err),
                         MFD_OK);
        assert_int_not_equal(import(ids, &err), MFD_OK);
        if (strncmp(err.message, table, strlen(table)) || !strstr(err.message, cases[i].says))
            fail_msg("case %zu: '%s', without '%s'", i, err.message, cases[i].says);
    }
    metadata = "/nonexistent/metadata.tsv";
}

static void a_list_of_tracks_has_as_many_as_the_model(void **state)
{
    (void)state;
    static const char *const plain[] = { "head.bias" };
    struct mfd_error err = MFD_ERROR_INIT;
    write_checkpoint(&(struct hyper){ NULL, NULL, NULL }, plain, 1);
    assert_int_equal(import(NULL, &err), MFD_ENOTFOUND);
    assert_non_null(strstr(err.message, "--tracks"));
    assert_int_equal(mfd_file_replace(ids, "A\nB\nC\n", 6, &err), MFD_OK);
    assert_int_equal(import(ids, &err), MFD_EMISMATCH);
    assert_non_null(strstr(err.message, "has 2 tracks"));
    assert_int_equal(mfd_file_replace(ids, "A\nA\n", 4, &err), MFD_OK);
    assert_int_equal(import(ids, &err), MFD_EFORMAT);
    assert_int_equal(mfd_file_replace(ids, "A\nB\n", 4, &err), MFD_OK);
    assert_int_equal(import(ids, &err), MFD_ENOTFOUND);
    assert_non_null(strstr(err.message, "/nonexistent/metadata.tsv"));
    write_checkpoint(&(struct hyper){ "n_classes", "K\3", NULL }, plain, 1);
    assert_int_equal(import(ids, &err), MFD_EFORMAT);
    assert_non_null(strstr(err.message, "n_classes is 3 but the bias has 2"));
}

static int make_dir(void **state)
{
    (void)state;
    snprintf(checkpoint, sizeof checkpoint, "%s/model.ckpt", mkdtemp(dir));
    snprintf(out, sizeof out, "%s/out.mfd", dir);
    snprintf(ids, sizeof ids, "%s/ids", dir);
    snprintf(table, sizeof table, "%s/metadata.tsv", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(checkpoint);
    unlink(ids);
    unlink(table);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_model_that_cannot_be_served_is_refused_for_what_it_is),
        cmocka_unit_test(what_is_wrong_with_the_table_names_its_file),
        cmocka_unit_test(a_list_of_tracks_has_as_many_as_the_model),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
