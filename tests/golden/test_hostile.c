/* Bundles that are not what they seem: the case `tiny` with one thing wrong, each refused by name.
 */
#include <math.h>
#include <stdio.h>

#include "core/base/file.h"
#include "tests/golden/bundle.h"

static const char *folder;
static char bundle[64], other[80];
static struct mfd_safetensors *st;

static int load(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    golden_import(folder, bundle);
    snprintf(other, sizeof other, "%s.other", bundle);
    if (mfd_safetensors_open(&st, bundle, &err))
        fail_msg("%s", err.message);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    mfd_safetensors_free(st);
    unlink(bundle);
    unlink(other);
    return 0;
}

/* ---- one thing changed ---- */

struct change {
    const char *tensor, *key; /* what to change: a tensor or a metadata value */
    enum { DROP, TRANSPOSE, SHORTEN, GROW, POKE, TEXT, SET, CUT } how;
    float value;       /* POKE: the first element */
    const char *text;  /* TEXT: the whole value; SET: JSON put at `path` */
    const char *path;  /* SET and CUT: "columns.0.cells.3", a member or element a step */
    const char *names; /* what the message must name */
};

#define BIO "metadata_embedding.embedding_biological."
#define COLUMN(name) BIO "column_embeddings." name

static const struct change changes[] = {
    { .tensor = "model.0.0.weight", .how = DROP, .names = "'model.0.0.weight' is missing" },
    { .tensor = "model.0.0.weight", .how = TRANSPOSE, .names = "shape (4, 8, 15)" },
    { .tensor = "model.0.0.bias", .how = SHORTEN, .names = "model.0.0.bias" },
    { .tensor = "model.0.1.conv1d_block.0.running_var",
      .how = POKE,
      .value = -1,
      .names = "negative" },
    { .tensor = "model.0.1.conv1d_block.2.weight", .how = POKE, .value = NAN, .names = "finite" },
    { .tensor = "model.1.tower.3.0.conv1d_block.2.weight",
      .how = SHORTEN,
      .names = "model.1.tower.3" },
    { .tensor = "model.1.tower.5.1.conv1d_block.0.bias",
      .how = DROP,
      .names = "model.1.tower.5.1" },
    { .tensor = "model.2.dilatedresidualblock.0.conv1d_block_1.conv1d_block.2.weight",
      .how = TRANSPOSE,
      .names = NULL }, /* square: the same shape, other weights */
    { .tensor = "model.2.dilatedresidualblock.1.conv1d_block_2.conv1d_block.0.weight",
      .how = GROW,
      .names = "dilatedresidualblock.1" },
    { .tensor = "model.4.conv1d_block.2.weight", .how = SHORTEN, .names = "bn_features" },
    { .tensor = "bn_features.running_mean",
      .how = POKE,
      .value = INFINITY,
      .names = "bn_features" },
    { .tensor = "bias", .how = SHORTEN, .names = "'bias'" },
    { .tensor = "bias", .how = DROP, .names = "'bias' is missing" },
    { .tensor = COLUMN("proc_target.var_vals"), .how = DROP, .names = "proc_target" },
    { .tensor = COLUMN("proc_target.var_vals"), .how = SHORTEN, .names = "tracks" },
    { .tensor = COLUMN("proc_target.var_vals"),
      .how = POKE,
      .value = 0.5f,
      .names = "'proc_target'" },
    { .tensor = COLUMN("proc_age_bin.var_vals"),
      .how = POKE,
      .value = 9,
      .names = "'proc_age_bin'" },
    { .tensor = COLUMN("proc_target.embedding.weights"), .how = GROW, .names = "proc_target" },
    { .tensor = COLUMN("Biosample_organ_slims.embedding.weights"),
      .how = GROW,
      .names = "Biosample_organ_slims" },
    { .tensor = COLUMN("Biosample_term_name.embedding.2.weight"),
      .how = SHORTEN,
      .names = "embedding.2.weight" },
    { .tensor = COLUMN("Biosample_term_name.embedding.0.weight"),
      .how = TRANSPOSE,
      .names = "embedding.0.weight" },
    { .tensor = BIO "mapping_interact.0.weight", .how = TRANSPOSE, .names = "mapping_interact.0" },
    { .tensor = BIO "mapping_interact.4.bias", .how = GROW, .names = "mapping_interact.4.bias" },
    { .key = "format", .how = DROP, .names = "no bundle" },
    { .key = "format", .how = TEXT, .text = "pt", .names = "no bundle" },
    { .key = "format_version", .how = TEXT, .text = "2", .names = "version 2" },
    { .key = "config", .how = DROP, .names = "'config'" },
    { .key = "config", .how = TEXT, .text = "{", .names = "not JSON" },
    { .key = "config", .how = TEXT, .text = "{\"L1\":6,\"L1\":6}", .names = "duplicate" },
    { .key = "config",
      .how = SET,
      .path = "model_class",
      .text = "\"Dolphin\"",
      .names = "Dolphin" },
    { .key = "config", .how = SET, .path = "n_classes", .text = "13", .names = "13 tracks" },
    { .key = "config", .how = SET, .path = "L1", .text = "5", .names = "one position" },
    { .key = "config", .how = SET, .path = "L2", .text = "1", .names = "beyond the 1 dilated" },
    { .key = "config", .how = SET, .path = "seq_order", .text = "2", .names = "model.0.0.weight" },
    { .key = "config", .how = SET, .path = "tower_kernel_size", .text = "7", .names = "tower.0" },
    { .key = "config",
      .how = SET,
      .path = "learn_signal_to_noise",
      .text = "true",
      .names = "stn_bio" },
    { .key = "config",
      .how = SET,
      .path = "linearly_embed_direct_features",
      .text = "true",
      .names = "mappings_direct" },
    { .key = "config",
      .how = SET,
      .path = "biological_subspace_ratio",
      .text = "0.1",
      .names = "direct columns" },
    { .key = "config",
      .how = SET,
      .path = "ignore_classes",
      .text = "\"all\"",
      .names = "ignore_classes" },
    { .key = "config",
      .how = SET,
      .path = "ignore_classes",
      .text = "[1]",
      .names = "ignore_classes" },
    { .key = "tracks", .how = DROP, .names = "'tracks'" },
    { .key = "tracks", .how = TEXT, .text = "[]", .names = "ids" },
    { .key = "tracks", .how = SET, .path = "ids", .text = "[]", .names = "0 ids" },
    { .key = "tracks", .how = SET, .path = "ids.2", .text = "7", .names = "number 3" },
    { .key = "tracks",
      .how = SET,
      .path = "ids.2",
      .text = "\"ENCFF017TST\"",
      .names = "both called" },
    { .key = "tracks", .how = CUT, .path = "ids.0", .names = "11" },
    { .key = "tracks", .how = CUT, .path = "columns.1.cells.0", .names = "11, not 12" },
    { .key = "tracks",
      .how = SET,
      .path = "columns.1.name",
      .text = "null",
      .names = "proper name" },
    { .key = "tracks",
      .how = SET,
      .path = "columns.1.name",
      .text = "\"File_accession\"",
      .names = "two columns" },
    { .key = "tracks",
      .how = SET,
      .path = "columns.1.name",
      .text = "\"other\"",
      .names = "Biosample_term_name" },
    { .key = "tracks",
      .how = SET,
      .path = "columns.1.cells.4",
      .text = "\"nowhere\"",
      .names = "'nowhere'" },
    { .key = "tracks", .how = SET, .path = "columns", .text = "{}", .names = "columns" },
    { .key = "mapping", .how = DROP, .names = "'mapping'" },
    { .key = "mapping", .how = SET, .path = "frip.type", .text = "\"category\"", .names = "frip" },
    { .key = "mapping",
      .how = SET,
      .path = "biological_features.interact.out_dim",
      .text = "17",
      .names = "mapping_interact.0" },
    { .key = "mapping", .how = CUT, .path = "technical_features", .names = "technical_features" },
    { .key = "mapping",
      .how = CUT,
      .path = "biological_features.interact.variables.0",
      .names = "fields" },
    { .key = "fields", .how = DROP, .names = "'fields'" },
    { .key = "fields", .how = CUT, .path = "0", .names = "11 fields" },
    { .key = "fields", .how = SET, .path = "0.name", .text = "\"frip\"", .names = "'frip'" },
    { .key = "fields", .how = SET, .path = "0.labels", .text = "[]", .names = "0 labels" },
    { .key = "fields", .how = SET, .path = "0.labels.0", .text = "null", .names = "no text" },
    { .key = "fields", .how = CUT, .path = "0.labels.0", .names = "is not among the labels" },
    { .key = "fields", .how = SET, .path = "0.labels.0", .text = "\"lung\"", .names = "twice" },
    { .key = "fields", .how = SET, .path = "4.sd", .text = "0", .names = "standardised" },
    { .key = "fields", .how = SET, .path = "4.mean", .text = "\"1\"", .names = "mean" },
    { .key = "fields", .how = SET, .path = "4.mean", .text = "1e9", .names = "proc_age_bin" },
};

/* ---- writing it ---- */

static void change_json(json_t *root, const struct change *c)
{
    char path[128];
    json_t *at = root;
    snprintf(path, sizeof path, "%s", c->path);
    for (char *step = path, *next; step; step = next) {
        next = strchr(step, '.');
        if (next)
            *next++ = '\0';
        size_t i = strtoul(step, NULL, 10);
        if (next)
            at = json_is_array(at) ? json_array_get(at, i) : json_object_get(at, step);
        else if (c->how == CUT)
            json_is_array(at) ? json_array_remove(at, i) : json_object_del(at, step);
        else if (json_is_array(at))
            json_array_set_new(at, i, json_loads(c->text, JSON_DECODE_ANY, NULL));
        else
            json_object_set_new(at, step, json_loads(c->text, JSON_DECODE_ANY, NULL));
        assert_non_null(at);
    }
}

/* The changed value, to be freed; NULL where it is dropped. */
static char *changed_value(const struct change *c, const char *value)
{
    if (c->how == DROP)
        return NULL;
    if (c->how == TEXT)
        return strdup(c->text);
    json_t *json = json_loads(value, 0, NULL);
    assert_non_null(json);
    change_json(json, c);
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

static void write_metadata(struct mfd_safetensors_writer *w, const struct change *c)
{
    static const char *const keys[] = { "format", "format_version", "config",    "mapping",
                                        "tracks", "fields",         "provenance" };
    static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
    struct mfd_error err = MFD_ERROR_INIT;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *value = mfd_safetensors_metadata(st, keys[i]);
        bool this = c->key && !strcmp(c->key, keys[i]);
        char *text = this ? changed_value(c, value) : strdup(value);
        if (text)
            assert_int_equal(mfd_safetensors_writer_meta(w, keys[i], text, &err), MFD_OK);
        free(text);
    }
    assert_int_equal(mfd_safetensors_writer_meta(w, "sha256", zeros, &err), MFD_OK);
}

/* A changed copy; its data is to be freed. */
static struct mfd_tensor changed_tensor(const struct change *c, const struct mfd_tensor *from)
{
    struct mfd_tensor t = *from;
    size_t row = t.bytes / t.shape[0], swap = t.shape[0];
    float *data = calloc(1, t.bytes + row);
    memcpy(data, t.data, t.bytes);
    t.data = data;
    switch ((int)c->how) {
    case TRANSPOSE:
        t.shape[0] = t.shape[1];
        t.shape[1] = swap;
        break;
    case SHORTEN:
        t.shape[0]--;
        t.bytes -= row;
        break;
    case GROW:
        t.shape[0]++;
        t.bytes += row;
        break;
    case POKE:
        data[0] = c->value;
    }
    return t;
}

static void write_changed(const struct change *c)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_safetensors_writer *w = mfd_safetensors_writer_new();
    struct mfd_tensor changed = { 0 };
    bool found = !c->tensor;
    write_metadata(w, c);
    for (size_t i = 0; i < mfd_safetensors_count(st); i++) {
        const struct mfd_tensor *t = mfd_safetensors_at(st, i);
        if (c->tensor && !strcmp(c->tensor, t->name)) {
            found = true;
            if (c->how == DROP)
                continue;
            changed = changed_tensor(c, t);
            t = &changed;
        }
        assert_int_equal(mfd_safetensors_writer_add(w, t, &err), MFD_OK);
    }
    assert_true(found);
    if (mfd_safetensors_writer_write(w, other, "sha256", NULL, &err))
        fail_msg("%s", err.message);
    mfd_safetensors_writer_free(w);
    free((void *)(size_t)changed.data);
}

static void one_thing_wrong_is_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const struct change *c = &changes[i];
        struct mfd_error err = MFD_ERROR_INIT;
        struct mfd_model *model = NULL;
        write_changed(c);
        int status = mfd_model_open(&model, other, &err);
        mfd_model_unref(model);
        if (c->names ? !status || status != err.status || model || !strstr(err.message, c->names)
                     : status != MFD_OK)
            fail_msg("case %zu (%s%s): status %d, '%s' does not name '%s'", i,
                     c->tensor ? c->tensor : c->key, c->path ? c->path : "", status, err.message,
                     c->names ? c->names : "");
    }
}

/* ---- bytes ---- */

static int open_bytes(const char *bytes, size_t n, struct mfd_error *err)
{
    struct mfd_model *model = NULL;
    assert_int_equal(mfd_file_replace(other, bytes, n, err), MFD_OK);
    int status = mfd_model_open(&model, other, err);
    mfd_model_unref(model);
    return status;
}

static void a_flipped_bit_anywhere_is_found_out(void **state)
{
    (void)state;
    size_t size;
    const char *bytes = mfd_safetensors_bytes(st, &size);
    char *copy = malloc(size);
    for (size_t i = 0; i < 64; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        size_t at = i * (size - 1) / 63;
        memcpy(copy, bytes, size);
        copy[at] = (char)(copy[at] ^ 4);
        assert_int_not_equal(open_bytes(copy, size, &err), MFD_OK);
        assert_true(*err.message);
    }
    free(copy);
}

static void a_bundle_cut_short_is_refused(void **state)
{
    (void)state;
    size_t size;
    const char *bytes = mfd_safetensors_bytes(st, &size);
    for (size_t i = 0; i < 16; i++) {
        struct mfd_error err = MFD_ERROR_INIT;
        assert_int_not_equal(open_bytes(bytes, i * (size - 1) / 15, &err), MFD_OK);
    }
}

static void the_bundle_itself_opens(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_model *model, *again;
    assert_int_equal(mfd_model_open(&model, bundle, &err), MFD_OK);
    again = mfd_model_ref(model);
    mfd_model_unref(model);
    assert_int_equal(mfd_model_tracks(again), 12);
    assert_string_equal(mfd_model_digest(again), mfd_safetensors_metadata(st, "sha256"));
    assert_int_equal(mfd_model_held_out_count(again), 0);
    mfd_model_unref(again);
    mfd_model_unref(NULL);
    assert_int_equal(mfd_model_open(&model, "/nowhere/at/all", &err), MFD_ENOTFOUND);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    folder = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bundle_itself_opens),
        cmocka_unit_test(one_thing_wrong_is_refused_by_name),
        cmocka_unit_test(a_flipped_bit_anywhere_is_found_out),
        cmocka_unit_test(a_bundle_cut_short_is_refused),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
