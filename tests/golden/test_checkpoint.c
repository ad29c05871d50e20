/* What the reader of checkpoints gives of a golden case (the folder given) against what PyTorch
 * gives (tensors.tsv, written by tensors.py) and against the order of tracks that it was trained
 * with. */
#include "tests/util/test.h"

#include <stdio.h>

#include "core/base/cleanup.h"
#include "core/base/sha256.h"
#include "core/checkpoint/checkpoint.h"

static const char *folder;
static struct mfd_checkpoint *ck;

static FILE *open_file(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return fopen(path, "r");
}

static size_t find(const char *name)
{
    for (size_t i = 0; i < mfd_checkpoint_count(ck); i++)
        if (strcmp(mfd_checkpoint_name(ck, i), name) == 0)
            return i;
    fail_msg("no tensor %s", name);
    return 0;
}

static void every_tensor_equals_what_torch_loads(void **state)
{
    (void)state;
    char line[1024];
    size_t n = 0;
    MFD_AUTO_FCLOSE FILE *f = open_file("tensors.tsv");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        char name[512], shape[128], digest[64], hex[MFD_SHA256_HEX], text[128] = "";
        char *tab = strchr(line, '\t'), *second = strchr(tab + 1, '\t');
        snprintf(name, sizeof name, "%.*s", (int)(tab - line), line);
        snprintf(shape, sizeof shape, "%.*s", (int)(second - tab - 1), tab + 1);
        snprintf(digest, sizeof digest, "%.*s", 32, second + 1);
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_tensor t;
        if (mfd_checkpoint_tensor(ck, find(name), &t, &err) != MFD_OK)
            fail_msg("%s: %s", name, err.message);
        assert_string_equal(t.name, name);
        for (size_t i = 0; i < t.ndim; i++)
            snprintf(text + strlen(text), sizeof text - strlen(text), i ? ",%zu" : "%zu",
                     t.shape[i]);
        assert_string_equal(text, shape);
        mfd_sha256(t.data, t.bytes, hex);
        hex[32] = '\0';
        assert_string_equal(hex, digest);
        n++;
    }
    assert_true(n > 50);
}

static void the_tracks_are_those_it_was_trained_with(void **state)
{
    (void)state;
    char line[1024];
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_names ids = MFD_NAMES_INIT;
    if (mfd_checkpoint_tracks(ck, &ids, &err) != MFD_OK)
        fail_msg("%s", err.message);
    size_t classes =
        (size_t)json_integer_value(json_object_get(mfd_checkpoint_hyper(ck), "n_classes"));
    assert_int_equal(ids.n, classes);
    /* the trained model comes without the list: its table is in track order */
    FILE *f = open_file("track_ids.txt");
    bool table = !f;
    if (table)
        f = open_file("metadata.tsv");
    assert_non_null(f);
    if (table)
        assert_non_null(fgets(line, sizeof line, f));
    for (size_t i = 0; i < ids.n; i++) {
        assert_non_null(fgets(line, sizeof line, f));
        line[strcspn(line, "\t\n")] = '\0';
        assert_string_equal(ids.at[i], line);
    }
    assert_null(fgets(line, sizeof line, f));
    fclose(f);
    mfd_names_deinit(&ids);
}

static int open_checkpoint(void **state)
{
    (void)state;
    char path[4096];
    struct mfd_error err = MFD_ERROR_INIT;
    snprintf(path, sizeof path, "%s/model.ckpt", folder);
    if (mfd_checkpoint_open(&ck, path, &err) == MFD_OK)
        return 0;
    print_error("%s\n", err.message);
    return -1;
}

static int free_checkpoint(void **state)
{
    (void)state;
    mfd_checkpoint_free(ck);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tensor_equals_what_torch_loads),
        cmocka_unit_test(the_tracks_are_those_it_was_trained_with),
    };
    if (argc != 2)
        return 2;
    folder = argv[1];
    return cmocka_run_group_tests(tests, open_checkpoint, free_checkpoint);
}
