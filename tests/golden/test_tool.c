/* mfd-model as people run it (the program and a golden case are given): exit codes, and what it
 * says of bundles that are damaged in every way we could think of. */
#define _GNU_SOURCE /* memmem */
#include "tests/util/test.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/tensor/safetensors.h"

static const char *program, *folder;
static char dir[] = "/tmp/mfd-test-XXXXXX", good[64], bad[64];

/* Run the program with arguments for the shell; its exit code, and what it printed anywhere. */
static int run(char output[static 8192], const char *format, ...)
{
    char arguments[4096], command[8192];
    va_list ap;
    va_start(ap, format);
    vsnprintf(arguments, sizeof arguments, format, ap);
    va_end(ap);
    snprintf(command, sizeof command, "'%s' %s 2>&1", program, arguments);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    size_t n = fread(output, 1, 8191, f);
    output[n] = '\0';
    int status = pclose(f);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* The command line gives that exit code and says that. */
struct line {
    const char *arguments;
    int code;
    const char *says;
};

static void exit_codes_tell_wrong_usage_from_failure(void **state)
{
    (void)state;
    static const struct line lines[] = {
        { "", 2, "usage: mfd-model COMMAND" },
        { "--help", 0, "inspect" },
        { "--version", 0, "mfd-model " },
        { "frobnicate", 2, "no command 'frobnicate'" },
        { "import --help", 0, "--metadata TSV" },
        { "verify --help", 0, "Exit codes" },
        { "inspect -h", 0, "--json" },
        { "verify", 2, "missing BUNDLE" },
        { "verify a b", 2, "too many arguments" },
        { "verify --frobnicate a", 2, "unknown option --frobnicate" },
        { "inspect -x a", 2, "unknown option -x" },
        { "import a -o b", 2, "missing option --metadata" },
        { "import a --metadata", 2, "a value is missing after --metadata" },
        { "import a --metadata m", 2, "missing option --output" },
        { "import /nonexistent/a --metadata m -o b", 1, "cannot open '/nonexistent/a'" },
        { "verify /nonexistent/a", 1, "cannot open '/nonexistent/a'" },
        { "inspect /dev/null", 1, "not a regular file" },
        { "--help > /dev/full", 1, "" },
    };
    char output[8192];
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        int code = run(output, "%s", lines[i].arguments);
        if (code != lines[i].code || !strstr(output, lines[i].says))
            fail_msg("%s: exit %d, %s", lines[i].arguments, code, output);
    }
}

static void a_sound_bundle_is_shown_and_verified(void **state)
{
    (void)state;
    char output[8192], command[256];
    assert_int_equal(run(output, "verify %s", good), 0);
    assert_non_null(strstr(output, "sound"));
    assert_int_equal(run(output, "verify -q %s", good), 0);
    assert_string_equal(output, "");
    assert_int_equal(run(output, "inspect %s", good), 0);
    assert_non_null(strstr(output, "biological columns"));
    snprintf(command, sizeof command, "'%s' inspect --json %s", program, good);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    json_t *json = json_loadf(f, 0, NULL);
    assert_int_equal(pclose(f), 0);
    assert_string_equal(json_string_value(json_object_get(json, "path")), good);
    assert_true(json_array_size(json_object_get(json, "fields")) > 3);
    assert_true(json_is_object(json_object_get(json, "provenance")));
    json_decref(json);
}

/* One thing to change of a sound bundle; the rest is written again with a right digest. */
struct damage {
    const char *tensor; /* left out, or with another number or shape */
    const char *key;    /* of the metadata: left out, or another value, */
    const char *value;
    const char *from, *to; /* or with one stretch of it replaced */
    float number;          /* to put into the tensor */
    bool flat, more;       /* make the tensor one long row, or shorter by one */
    const char *says;
};

static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    char *out;
    if (!at)
        fail_msg("no '%s' in the metadata", from);
    assert_true(asprintf(&out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) >= 0);
    return out;
}

static void copy_metadata(struct mfd_safetensors_writer *w, const struct mfd_safetensors *st,
                          const struct damage *d)
{
    static const char *const keys[] = { "format",  "format_version", "sha256", "config",
                                        "mapping", "tracks",         "fields", "provenance" };
    char zeros[65];
    snprintf(zeros, sizeof zeros, "%064d", 0);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *value = mfd_safetensors_metadata(st, keys[i]);
        bool here = d->key && strcmp(d->key, keys[i]) == 0;
        MFD_AUTO_FREE char *changed = here && d->from ? replaced(value, d->from, d->to) : NULL;
        if (strcmp(keys[i], "sha256") == 0)
            value = zeros;
        if (here)
            value = changed ? changed : d->value;
        if (value)
            assert_int_equal(mfd_safetensors_writer_meta(w, keys[i], value, NULL), MFD_OK);
    }
}

/* The tensor as damaged; `copy` (to free) holds its numbers where they change. */
static bool damaged(const struct damage *d, struct mfd_tensor *t, float **copy)
{
    if (!d->tensor || strcmp(d->tensor, t->name) != 0)
        return true;
    if (d->flat || d->more) {
        t->ndim = 1;
        t->shape[0] = t->bytes / 4 - d->more;
        t->bytes = 4 * t->shape[0];
        return true;
    }
    if (d->number == 0)
        return false; /* left out */
    *copy = malloc(t->bytes);
    assert_non_null(*copy);
    memcpy(*copy, t->data, t->bytes);
    (*copy)[t->bytes / 4 - 1] = d->number;
    t->data = *copy;
    return true;
}

static void write_damaged(const struct damage *d)
{
    struct mfd_safetensors *st;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_safetensors_writer *w = mfd_safetensors_writer_new();
    float *copy = NULL;
    assert_int_equal(mfd_safetensors_open(&st, good, &err), MFD_OK);
    copy_metadata(w, st, d);
    for (size_t i = 0; i < mfd_safetensors_count(st); i++) {
        struct mfd_tensor t = *mfd_safetensors_at(st, i);
        if (damaged(d, &t, &copy))
            assert_int_equal(mfd_safetensors_writer_add(w, &t, &err), MFD_OK);
    }
    bool sign = !d->key || strcmp(d->key, "sha256") != 0;
    if (mfd_safetensors_writer_write(w, bad, sign ? "sha256" : NULL, NULL, &err))
        fail_msg("%s", err.message);
    mfd_safetensors_writer_free(w);
    mfd_safetensors_free(st);
    free(copy);
}

static void every_damaged_bundle_is_refused(void **state)
{
    (void)state;
    static const char some_digest[] =
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
#define VALS "metadata_embedding.embedding_biological.column_embeddings.proc_target.var_vals"
#define DEEP "model.1.tower.3.0.conv1d_block.2.weight"
    static const struct damage cases[] = {
        { .key = "format", .value = "other", .says = "format" },
        { .key = "format", .says = "format" },
        { .key = "format_version", .value = "2", .says = "version" },
        { .key = "format_version", .says = "version" },
        { .key = "sha256", .value = some_digest, .says = "sha256" },
        { .key = "sha256", .value = "abc", .says = "digest" },
        { .key = "sha256", .says = "digest" },
        { .key = "config", .says = "config" },
        { .key = "config", .value = "{", .says = "config" },
        { .key = "config", .value = "[]", .says = "" },
        { .key = "config", .from = "IEAquaticDilated", .to = "Beluga", .says = "Beluga" },
        { .key = "config",
          .from = "\"seq_len\":2176",
          .to = "\"seq_len\":2177",
          .says = "seq_len" },
        { .key = "config",
          .from = "\"seq_order\":1",
          .to = "\"seq_order\":4",
          .says = "seq_order" },
        { .key = "config", .from = "\"L1\":6", .to = "\"L1\":5", .says = "" },
        { .key = "config", .from = "\"L2\":2", .to = "\"L2\":3", .says = "" },
        { .key = "config",
          .from = "\"activation\":\"gelu\"",
          .to = "\"activation\":\"tanh\"",
          .says = "tanh" },
        { .key = "config",
          .from = "\"ignore_classes\":[]",
          .to = "\"ignore_classes\":[3]",
          .says = "ignore_classes" },
        { .key = "config", .from = "\"n_classes\":12", .to = "\"n_classes\":13", .says = "" },
        { .key = "mapping", .says = "mapping" },
        { .key = "mapping", .value = "{}", .says = "" },
        { .key = "mapping",
          .from = "rescale_indep",
          .to = "rescale_depth",
          .says = "rescale_depth" },
        { .key = "mapping", .from = "\"out_dim\":16", .to = "\"out_dim\":17", .says = "" },
        { .key = "tracks", .says = "tracks" },
        { .key = "tracks", .value = "{\"ids\":[],\"columns\":[]}", .says = "" },
        { .key = "tracks", .from = "ENCFF017TST", .to = "ENCFF016TST", .says = "ENCFF016TST" },
        { .key = "tracks", .from = "CTCF", .to = "H3K4me3", .says = "proc_target" },
        { .key = "fields", .says = "fields" },
        { .key = "fields", .value = "[]", .says = "" },
        { .key = "fields", .from = "CTCF", .to = "CTCT", .says = "" },
        { .tensor = "model.0.0.weight", .says = "model.0.0.weight" },
        { .tensor = DEEP, .says = DEEP },
        { .tensor = DEEP, .flat = true, .says = DEEP },
        { .tensor = "bn_features.running_var", .says = "bn_features.running_var" },
        { .tensor = "bias", .says = "bias" },
        { .tensor = "bias", .more = true, .says = "bias" },
        { .tensor = VALS, .says = "proc_target" },
        { .tensor = VALS, .number = 5, .says = "proc_target" },
        { .tensor = "bias", .number = NAN, .says = "bias" },
        { .tensor = DEEP, .number = INFINITY, .says = DEEP },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char output[8192];
        write_damaged(&cases[i]);
        int code = run(output, "verify %s", bad);
        if (code != 1 || !strstr(output, cases[i].says) || strlen(output) < 30)
            fail_msg("case %zu: exit %d, %s", i, code, output);
    }
    unlink(bad);
}

static void a_bundle_cut_or_changed_anywhere_is_refused(void **state)
{
    (void)state;
    struct mfd_buffer b = MFD_BUFFER_INIT;
    char output[8192];
    assert_int_equal(mfd_file_read(good, 1 << 24, &b, NULL), MFD_OK);
    for (size_t i = 0; i < 12; i++) {
        size_t at = b.len * i / 12;
        assert_int_equal(mfd_file_replace(bad, b.data, at, NULL), MFD_OK);
        assert_int_equal(run(output, "verify %s", bad), 1);
        b.data[at] ^= 4;
        assert_int_equal(mfd_file_replace(bad, b.data, b.len, NULL), MFD_OK);
        assert_int_equal(run(output, "verify %s", bad), 1);
        b.data[at] ^= 4;
    }
    mfd_buffer_addc(&b, 'x');
    assert_int_equal(mfd_file_replace(bad, b.data, b.len, NULL), MFD_OK);
    assert_int_equal(run(output, "verify %s", bad), 1);
    mfd_buffer_deinit(&b);
    unlink(bad);
}

static int import_case(void **state)
{
    (void)state;
    char output[8192];
    snprintf(good, sizeof good, "%s/good.mfd", mkdtemp(dir));
    snprintf(bad, sizeof bad, "%s/bad.mfd", dir);
    int code = run(output, "import %s/model.ckpt -m %s/mapping.yaml -t %s/metadata.tsv -o %s",
                   folder, folder, folder, good);
    if (code)
        print_error("%s", output);
    return code;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(good);
    return rmdir(dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_codes_tell_wrong_usage_from_failure),
        cmocka_unit_test(a_sound_bundle_is_shown_and_verified),
        cmocka_unit_test(every_damaged_bundle_is_refused),
        cmocka_unit_test(a_bundle_cut_or_changed_anywhere_is_refused),
    };
    if (argc != 3)
        return 2;
    program = argv[1];
    folder = argv[2];
    return cmocka_run_group_tests(tests, import_case, remove_dir);
}
