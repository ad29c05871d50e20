/* Bundles made of a golden case (the folder given): what they hold, that the same files give the
 * same bytes, and that files which do not belong together are refused. */
#define _GNU_SOURCE /* memmem */
#include "tests/util/test.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/import.h"
#include "core/tensor/safetensors.h"

static const char *folder;
static char dir[] = "/tmp/mfd-test-XXXXXX";

static char *path_of(const char *base, const char *name)
{
    char *path;
    assert_true(asprintf(&path, "%s/%s", base, name) > 0);
    return path;
}

/* Import the case with some of its files replaced (NULL: its own), into NAME of the test's folder.
 */
struct replaced {
    const char *mapping, *metadata, *tracks;
};

static int import(const char *name, struct replaced r, struct mfd_import_report *report,
                  struct mfd_error *err)
{
    MFD_AUTO_FREE char *checkpoint = path_of(folder, "model.ckpt");
    MFD_AUTO_FREE char *mapping = path_of(folder, "mapping.yaml");
    MFD_AUTO_FREE char *metadata = path_of(folder, "metadata.tsv");
    MFD_AUTO_FREE char *out = path_of(dir, name);
    const struct mfd_import_options options = {
        .checkpoint = checkpoint,
        .mapping = r.mapping ? r.mapping : mapping,
        .metadata = r.metadata ? r.metadata : metadata,
        .tracks = r.tracks,
        .out = out,
        .tool = "test",
    };
    return mfd_import(&options, report, err);
}

static struct mfd_safetensors *bundle(const char *name, struct replaced r)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_safetensors *st = NULL;
    MFD_AUTO_FREE char *path = path_of(dir, name);
    if (import(name, r, NULL, &err) || mfd_safetensors_open(&st, path, &err))
        fail_msg("%s", err.message);
    unlink(path); /* the map stays */
    return st;
}

static json_t *parsed(const struct mfd_safetensors *st, const char *key)
{
    json_t *json = json_loads(mfd_safetensors_metadata(st, key), 0, NULL);
    assert_non_null(json);
    return json;
}

/* Whether files were left behind. */
static void assert_folder_is_empty(void)
{
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            fail_msg("%s was left behind", e->d_name);
    closedir(d);
}

static bool is_skipped(const json_t *skipped, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach(skipped, i,
                       item) if (strcmp(json_string_value(item), name) == 0) return true;
    return false;
}

static void check_line(char *line, const struct mfd_safetensors *st, const json_t *skipped)
{
    char hex[MFD_SHA256_HEX], text[128] = "", *rest = line;
    const char *name = strsep(&rest, "\t"), *shape = strsep(&rest, "\t");
    const char *digest = strsep(&rest, "\n");
    const struct mfd_tensor *t = mfd_safetensors_find(st, name);
    if (!t != is_skipped(skipped, name))
        fail_msg("%s is both in the bundle and skipped, or neither", name);
    if (!t)
        return;
    for (size_t i = 0; i < t->ndim; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), i ? ",%zu" : "%zu", t->shape[i]);
    mfd_sha256(t->data, t->bytes, hex);
    hex[32] = '\0';
    assert_string_equal(text, shape);
    assert_string_equal(hex, digest);
}

static void every_tensor_is_kept_as_it_is_or_listed_as_skipped(void **state)
{
    (void)state;
    char line[1024];
    struct mfd_safetensors *st = bundle("a", (struct replaced){ 0 });
    json_t *provenance = parsed(st, "provenance");
    const json_t *skipped = json_object_get(provenance, "skipped");
    MFD_AUTO_FREE char *path = path_of(folder, "tensors.tsv");
    MFD_AUTO_FCLOSE FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        check_line(line, st, skipped);
    /* nothing but second names, counters and what serves training only is left out */
    static const char *const unneeded[] = { "stem.",      "tower.",    "dilated_residual_block.",
                                            "pointwise.", "features.", "predictions.",
                                            "head.",      "model.5." };
    size_t i;
    json_t *item;
    json_array_foreach(skipped, i, item)
    {
        const char *name = json_string_value(item);
        bool known = strstr(name, ".num_batches_tracked") != NULL;
        for (size_t k = 0; k < sizeof unneeded / sizeof *unneeded; k++)
            known |= strncmp(name, unneeded[k], strlen(unneeded[k])) == 0;
        if (!known)
            fail_msg("%s was skipped", name);
    }
    json_decref(provenance);
    mfd_safetensors_free(st);
}

static void the_same_files_give_the_same_bytes_and_their_digest(void **state)
{
    (void)state;
    char hex[MFD_SHA256_HEX];
    struct mfd_import_report report;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_safetensors *a = bundle("a", (struct replaced){ 0 });
    struct mfd_safetensors *b = bundle("b", (struct replaced){ 0 });
    size_t n, m;
    const void *x = mfd_safetensors_bytes(a, &n), *y = mfd_safetensors_bytes(b, &m);
    assert_int_equal(n, m);
    assert_memory_equal(x, y, n);
    assert_int_equal(mfd_safetensors_digest(a, "sha256", hex, &err), MFD_OK);
    assert_string_equal(hex, mfd_safetensors_metadata(a, "sha256"));
    assert_int_equal(import("c", (struct replaced){ 0 }, &report, &err), MFD_OK);
    assert_string_equal(report.sha256, hex);
    assert_int_equal(report.bytes, n);
    assert_int_equal(report.tensors, mfd_safetensors_count(a));
    MFD_AUTO_FREE char *c = path_of(dir, "c");
    unlink(c);
    mfd_safetensors_free(a);
    mfd_safetensors_free(b);
}

static void every_hyper_parameter_is_explicit(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "model_class",
        "n_classes",
        "seq_len",
        "seq_order",
        "C",
        "C_embed",
        "L1",
        "L2",
        "D",
        "crop",
        "activation",
        "tower_kernel_size",
        "biological_subspace_ratio",
        "biological_subspace_n",
        "technical_subspace_n",
        "learn_signal_to_noise",
        "linearly_embed_direct_features",
        "ignore_classes",
    };
    struct mfd_safetensors *st = bundle("a", (struct replaced){ 0 });
    json_t *config = parsed(st, "config"), *tracks = parsed(st, "tracks");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!json_object_get(config, keys[i]))
            fail_msg("no %s", keys[i]);
    assert_int_equal(json_object_size(config), sizeof keys / sizeof *keys);
    assert_int_equal(json_integer_value(json_object_get(config, "n_classes")),
                     json_array_size(json_object_get(tracks, "ids")));
    assert_true(json_is_integer(json_object_get(config, "C_embed")));
    assert_string_equal(mfd_safetensors_metadata(st, "format"), "mfd-bundle");
    assert_string_equal(mfd_safetensors_metadata(st, "format_version"), "1");
    json_decref(config);
    json_decref(tracks);
    mfd_safetensors_free(st);
}

static bool is_baseline(void)
{
    return strstr(folder, "baseline") != NULL;
}

/* The tracks of the checkpoint, two of them exchanged where asked, in a file. */
static char *write_tracks(bool exchange, bool drop)
{
    MFD_AUTO_FREE char *checkpoint = path_of(folder, "model.ckpt");
    char *path = path_of(dir, "ids");
    struct mfd_checkpoint *ck;
    struct mfd_names ids = MFD_NAMES_INIT;
    struct mfd_buffer text = MFD_BUFFER_INIT;
    assert_int_equal(mfd_checkpoint_open(&ck, checkpoint, NULL), MFD_OK);
    assert_int_equal(mfd_checkpoint_tracks(ck, &ids, NULL), MFD_OK);
    for (size_t i = drop; i < ids.n; i++) {
        size_t k = exchange && i < 2 ? 1 - i : i;
        mfd_buffer_addf(&text, "%s\n", ids.at[k]);
    }
    assert_int_equal(mfd_file_replace(path, text.data, text.len, NULL), MFD_OK);
    mfd_buffer_deinit(&text);
    mfd_names_deinit(&ids);
    mfd_checkpoint_free(ck);
    return path;
}

static void the_order_may_come_from_a_file(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    char *ids = write_tracks(false, false);
    struct mfd_safetensors *a = bundle("a", (struct replaced){ 0 });
    struct mfd_safetensors *b = bundle("b", (struct replaced){ .tracks = ids });
    assert_string_equal(mfd_safetensors_metadata(a, "tracks"),
                        mfd_safetensors_metadata(b, "tracks"));
    json_t *provenance = parsed(b, "provenance");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(provenance, "tracks"), "name")), "ids");
    json_decref(provenance);
    mfd_safetensors_free(a);
    mfd_safetensors_free(b);
    unlink(ids);
    free(ids);

    ids = write_tracks(false, true);
    assert_int_equal(import("c", (struct replaced){ .tracks = ids }, NULL, &err), MFD_EMISMATCH);
    assert_non_null(strstr(err.message, "tracks but"));
    unlink(ids);
    free(ids);
    assert_folder_is_empty();
}

static void another_order_of_tracks_is_refused(void **state)
{
    (void)state;
    if (is_baseline())
        skip(); /* which has nothing that depends on the order */
    struct mfd_error err = MFD_ERROR_INIT;
    MFD_AUTO_FREE char *ids = write_tracks(true, false);
    int status = import("a", (struct replaced){ .tracks = ids }, NULL, &err);
    char line[64], first[80], second[80];
    FILE *f = fopen(ids, "r");
    assert_true(f && fgets(line, sizeof line, f));
    snprintf(first, sizeof first, "track '%.*s'", (int)strcspn(line, "\n"), line);
    assert_non_null(fgets(line, sizeof line, f));
    snprintf(second, sizeof second, "track '%.*s'", (int)strcspn(line, "\n"), line);
    fclose(f);
    if (status != MFD_EMISMATCH || !strstr(err.message, "column '") ||
        (!strstr(err.message, first) && !strstr(err.message, second)))
        fail_msg("%d %s", status, err.message);
    unlink(ids);
    assert_folder_is_empty();
}

/* A file with the bytes of `name` of the case, `from` replaced by `to` in its last line that has
 * it. */
static char *write_changed(const char *name, const char *from, const char *to)
{
    MFD_AUTO_FREE char *original = path_of(folder, name);
    char *path = path_of(dir, name);
    struct mfd_buffer text = MFD_BUFFER_INIT, changed = MFD_BUFFER_INIT;
    assert_int_equal(mfd_file_read(original, 1 << 24, &text, NULL), MFD_OK);
    const char *at = NULL;
    for (char *next = text.data; (next = strstr(next, from)); next++)
        at = next;
    if (!at)
        fail_msg("%s has no %s", name, from);
    mfd_buffer_add(&changed, text.data, (size_t)(at - text.data));
    mfd_buffer_adds(&changed, to);
    mfd_buffer_adds(&changed, at + strlen(from));
    assert_int_equal(mfd_file_replace(path, changed.data, changed.len, NULL), MFD_OK);
    mfd_buffer_deinit(&text);
    mfd_buffer_deinit(&changed);
    return path;
}

/* Line of the first track in the table, to change one of its cells. */
static void first_row(char row[static 4096], size_t *target)
{
    MFD_AUTO_FREE char *table = path_of(folder, "metadata.tsv");
    MFD_AUTO_FREE char *ids = write_tracks(false, false);
    char id[1024], header[4096];
    FILE *f = fopen(ids, "r");
    assert_non_null(f);
    assert_non_null(fgets(id, sizeof id, f));
    fclose(f);
    unlink(ids);
    id[strcspn(id, "\n")] = '\0';
    f = fopen(table, "r");
    assert_non_null(f);
    assert_non_null(fgets(header, sizeof header, f));
    do
        assert_non_null(fgets(row, 4096, f));
    while (strncmp(row, id, strlen(id)) != 0 || row[strlen(id)] != '\t');
    fclose(f);
    *target = 0;
    char *rest = header;
    for (char *name; (name = strsep(&rest, "\t\n")) && strcmp(name, "proc_target") != 0;)
        ++*target;
}

static void a_table_with_one_cell_changed_is_refused(void **state)
{
    (void)state;
    if (is_baseline())
        skip();
    char row[4096], changed[8192] = "";
    size_t target, column = 0;
    first_row(row, &target);
    char *copy = strdup(row), *rest = copy;
    for (char *cell; (cell = strsep(&rest, "\t")); column++) {
        bool here = column == target;
        const char *other = strcmp(cell, "CTCF") ? "CTCF" : "H3K4me3";
        snprintf(changed + strlen(changed), sizeof changed - strlen(changed), "%s%s",
                 column ? "\t" : "", here ? other : cell);
    }
    free(copy);
    struct mfd_error err = MFD_ERROR_INIT;
    MFD_AUTO_FREE char *table = write_changed("metadata.tsv", row, changed);
    int status = import("a", (struct replaced){ .metadata = table }, NULL, &err);
    *strchr(row, '\t') = '\0';
    if (status != MFD_EMISMATCH || !strstr(err.message, "column 'proc_target'") ||
        !strstr(err.message, row))
        fail_msg("%d %s", status, err.message);
    unlink(table);

    /* and one that lacks the track names it */
    MFD_AUTO_FREE char *shorter = write_changed("metadata.tsv", row, "ELSE");
    status = import("a", (struct replaced){ .metadata = shorter }, NULL, &err);
    if (status == MFD_OK || !strstr(err.message, row))
        fail_msg("%d %s", status, err.message);
    unlink(shorter);
    assert_folder_is_empty();
}

static void another_mapping_is_refused(void **state)
{
    (void)state;
    if (is_baseline())
        skip();
    struct mfd_error err = MFD_ERROR_INIT;
    const struct {
        const char *from, *to, *says;
    } changes[] = {
        { "- proc_target", "- Library_lab", "column 'Library_lab'" },
        { "type: category", "type: float", "column '" },
        { "biological_features:", "biological:", "unknown key 'direct'" },
        { "out_dim:", "out_dim: 3 #", "mapping.yaml' makes no model: tensor 'metadata_embedding." },
        { "variables:", "variables: 5 #", "mapping: line" },
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        MFD_AUTO_FREE char *mapping = write_changed("mapping.yaml", changes[i].from, changes[i].to);
        err.message[0] = '\0';
        int status = import("a", (struct replaced){ .mapping = mapping }, NULL, &err);
        if (status == MFD_OK || !strstr(err.message, changes[i].says) ||
            strstr(err.message, ".part"))
            fail_msg("%d %s", status, err.message);
        unlink(mapping);
    }
    assert_folder_is_empty();
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    return rmdir(dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tensor_is_kept_as_it_is_or_listed_as_skipped),
        cmocka_unit_test(the_same_files_give_the_same_bytes_and_their_digest),
        cmocka_unit_test(every_hyper_parameter_is_explicit),
        cmocka_unit_test(the_order_may_come_from_a_file),
        cmocka_unit_test(another_order_of_tracks_is_refused),
        cmocka_unit_test(a_table_with_one_cell_changed_is_refused),
        cmocka_unit_test(another_mapping_is_refused),
    };
    if (argc != 2)
        return 2;
    folder = argv[1];
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
