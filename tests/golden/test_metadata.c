/* One golden case: its table, coded, is what its checkpoint was trained on; any other is told
 * apart. */
#include <stdio.h>

#include "core/base/buffer.h"
#include "core/base/file.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/mapping.h"
#include "core/model/metadata.h"
#include "core/model/tsv.h"
#include "tests/util/test.h"

static const char *folder;
static struct mfd_checkpoint *checkpoint;
static struct mfd_tensor *tensors;
static struct mfd_mapping *mapping;
static struct mfd_names ids = MFD_NAMES_INIT;
static struct mfd_buffer tsv = MFD_BUFFER_INIT;
static bool baseline;

static const struct mfd_tensor *find(const void *source, const char *name)
{
    const struct mfd_tensor *all = source;
    for (size_t i = 0; i < mfd_checkpoint_count(checkpoint); i++)
        if (!strcmp(all[i].name, name))
            return &all[i];
    return NULL;
}

static void must(int status, const struct mfd_error *err)
{
    if (status)
        fail_msg("%s", err->message);
}

static int load(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    char path[1024];
    snprintf(path, sizeof path, "%s/model.ckpt", folder);
    must(mfd_checkpoint_open(&checkpoint, path, &err), &err);
    must(mfd_checkpoint_tracks(checkpoint, &ids, &err), &err);
    size_t n = mfd_checkpoint_count(checkpoint), kept = 0;
    tensors = calloc(n, sizeof *tensors);
    for (size_t i = 0; i < n; i++) {
        tensors[i].name = "";
        if (strstr(mfd_checkpoint_name(checkpoint, i), "var_vals")) {
            must(mfd_checkpoint_tensor(checkpoint, i, &tensors[i], &err), &err);
            kept++;
        }
    }
    baseline = kept == 0;
    snprintf(path, sizeof path, "%s/mapping.yaml", folder);
    must(mfd_mapping_load(&mapping, path, &err), &err);
    snprintf(path, sizeof path, "%s/metadata.tsv", folder);
    must(mfd_file_read(path, MFD_MAX_TABLE, &tsv, &err), &err);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    mfd_checkpoint_free(checkpoint);
    mfd_mapping_free(mapping);
    mfd_names_deinit(&ids);
    mfd_buffer_deinit(&tsv);
    free(tensors);
    return 0;
}

static int fit(const char *text, size_t n, struct mfd_metadata **md, struct mfd_table_rules *rules,
               struct mfd_error *err)
{
    return mfd_metadata_fit(md, text, n, mapping, (const char *const *)ids.at, ids.n,
                            baseline ? NULL : find, tensors, rules, err);
}

static void the_table_belongs_to_the_checkpoint_by_the_published_rules(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_table_rules rules = { true, true };
    struct mfd_metadata *md;
    must(fit(tsv.data, tsv.len, &md, &rules, &err), &err);
    assert_false(rules.median_age || rules.none_is_missing);
    assert_int_equal(mfd_metadata_tracks(md), ids.n);
    for (size_t t = 0; t < ids.n; t++) {
        assert_string_equal(mfd_metadata_id(md, t), ids.at[t]);
        assert_int_equal(mfd_metadata_find(md, ids.at[t]), t);
    }
    mfd_metadata_free(md);
}

static void a_bundle_s_json_holds_all_of_it(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_metadata *md, *again;
    must(fit(tsv.data, tsv.len, &md, NULL, &err), &err);
    json_t *tracks = mfd_metadata_tracks_json(md), *fields = mfd_metadata_fields_json(md);
    json_t *map = mfd_mapping_to_json(mapping);
    must(mfd_metadata_from_json(&again, map, tracks, fields, &err), &err);
    if (!baseline)
        must(mfd_metadata_check(again, find, tensors, &err), &err);
    json_t *tracks2 = mfd_metadata_tracks_json(again), *fields2 = mfd_metadata_fields_json(again);
    assert_true(json_equal(tracks, tracks2) && json_equal(fields, fields2));
    for (size_t f = 0; f < mfd_fields_count(md); f++) {
        const struct mfd_field *a = mfd_fields_at(md, f), *b = mfd_fields_at(again, f);
        assert_memory_equal(a->role, b->role, sizeof a->role);
        assert_int_equal(a->inputs, b->inputs);
    }
    json_decref(tracks);
    json_decref(tracks2);
    json_decref(fields);
    json_decref(fields2);
    json_decref(map);
    mfd_metadata_free(md);
    mfd_metadata_free(again);
}

static void two_tracks_exchanged_are_found_out_and_the_first_is_named(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_metadata *md = NULL;
    if (baseline)
        skip();
    size_t last = ids.n - 1, first = 0;
    /* the first two tracks that differ in the first column that the check looks at */
    struct mfd_metadata *right;
    must(fit(tsv.data, tsv.len, &right, NULL, &err), &err);
    const struct mfd_field *f = mfd_fields_at(right, 0);
    for (size_t i = 0; i < mfd_fields_count(right); i++)
        if (mfd_fields_at(right, i)->role[MFD_BIOLOGICAL].width) {
            f = mfd_fields_at(right, i);
            break;
        }
    while (!strcmp(mfd_metadata_cell(right, first, f->column),
                   mfd_metadata_cell(right, last, f->column)))
        first++;
    char *id = ids.at[first];
    ids.at[first] = ids.at[last];
    ids.at[last] = id;
    assert_int_equal(fit(tsv.data, tsv.len, &md, NULL, &err), MFD_EMISMATCH);
    assert_null(md);
    if (!strstr(err.message, f->name) || !strstr(err.message, ids.at[first]))
        fail_msg("'%s' does not name column %s and track %s", err.message, f->name, ids.at[first]);
    ids.at[last] = ids.at[first];
    ids.at[first] = id;
    mfd_metadata_free(right);
}

/* The table with the first occurrence of `from` in a row of one of the tracks replaced. */
static void assert_told_apart(const char *from, const char *to)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_metadata *md = NULL;
    struct mfd_buffer b = MFD_BUFFER_INIT;
    const char *row = strstr(tsv.data, ids.at[0]), *at = row ? strstr(row, from) : NULL;
    if (!at || at > strchr(row, '\n'))
        return;
    mfd_buffer_add(&b, tsv.data, (size_t)(at - tsv.data));
    mfd_buffer_adds(&b, to);
    mfd_buffer_adds(&b, at + strlen(from));
    int status = fit(b.data, b.len, &md, NULL, &err);
    if (status != MFD_EMISMATCH || !strstr(err.message, "column '"))
        fail_msg("'%s' for '%s': status %d, '%s'", to, from, status, err.message);
    mfd_buffer_deinit(&b);
}

static void one_changed_cell_is_enough(void **state)
{
    (void)state;
    if (baseline)
        skip();
    assert_told_apart("Histone ChIP-seq", "DNase-seq");
    assert_told_apart("TF ChIP-seq", "Histone ChIP-seq");
    assert_told_apart("DNase-seq", "Hi-C");
}

static void a_track_without_a_row_is_named(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_metadata *md = NULL;
    char *id = ids.at[1], stranger[] = "ENCFF999XXX";
    ids.at[1] = stranger;
    assert_int_equal(fit(tsv.data, tsv.len, &md, NULL, &err), MFD_ENOTFOUND);
    assert_non_null(strstr(err.message, "ENCFF999XXX"));
    ids.at[1] = ids.at[0];
    assert_int_equal(fit(tsv.data, tsv.len, &md, NULL, &err), MFD_EFORMAT);
    assert_non_null(strstr(err.message, "both called"));
    ids.at[1] = id;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    folder = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_belongs_to_the_checkpoint_by_the_published_rules),
        cmocka_unit_test(a_bundle_s_json_holds_all_of_it),
        cmocka_unit_test(two_tracks_exchanged_are_found_out_and_the_first_is_named),
        cmocka_unit_test(one_changed_cell_is_enough),
        cmocka_unit_test(a_track_without_a_row_is_named),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
