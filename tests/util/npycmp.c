/* Compares arrays that a program wrote with those that the published code wrote:
 *
 *     npycmp PREFIX WANT GOT
 *
 * For each WANT/PREFIX.NAME.npy (NAME without a dot) GOT/NAME.npy must be there, have its shape,
 * and agree within the tolerance of its kind. Prints the largest error of each. */
#include <dirent.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/tensor/npy.h"

/* |got - want| <= absolute + relative * |want|. The first prefix that fits counts. */
static const struct tolerance {
    const char *prefix;
    double absolute, relative;
} tolerances[] = {
    { "predictions", 2e-5, 0 },
    { "logits", 1e-4, 1e-4 },
    { "features", 1e-4, 1e-4 },
    { "weights", 1e-5, 1e-5 },
};

/* Differences of logits cancel, so a relative part would be too generous. */
static const struct tolerance effect_tolerances[] = {
    { "predictions", 2e-5, 0 },
    { "logits", 1e-4, 0 },
    { "features", 1e-4, 0 },
};

static const struct tolerance *find_tolerance(const char *name, bool effects)
{
    const struct tolerance *t = effects ? effect_tolerances : tolerances;
    size_t n = effects ? sizeof effect_tolerances / sizeof *t : sizeof tolerances / sizeof *t;
    for (size_t i = 0; i < n; i++)
        if (strncmp(name, t[i].prefix, strlen(t[i].prefix)) == 0)
            return &t[i];
    return NULL;
}

struct error {
    double largest;  /* |got - want| */
    double fraction; /* the largest share of its tolerance; infinity where a value is not finite */
    size_t at;       /* element of that */
};

static struct error compare(const float *want, const float *got, size_t n,
                            const struct tolerance *t)
{
    struct error e = { 0 };
    for (size_t i = 0; i < n; i++) {
        double difference = fabs((double)got[i] - (double)want[i]);
        double fraction = difference / (t->absolute + t->relative * fabs((double)want[i]));
        if (isnan(fraction))
            fraction = INFINITY;
        if (difference > e.largest)
            e.largest = difference;
        if (fraction > e.fraction) {
            e.fraction = fraction;
            e.at = i;
        }
    }
    return e;
}

static bool same_shape(const struct mfd_tensor *a, const struct mfd_tensor *b)
{
    return a->dtype == MFD_F32 && b->dtype == MFD_F32 && a->ndim == b->ndim &&
           memcmp(a->shape, b->shape, a->ndim * sizeof *a->shape) == 0;
}

static bool compare_files(const char *name, const char *want_path, const char *got_path,
                          bool effects)
{
    struct mfd_error err = MFD_ERROR_INIT;
    MFD_CLEANUP(mfd_npy_deinit) struct mfd_npy want = { 0 }, got = { 0 };
    const struct tolerance *t = find_tolerance(name, effects);
    if (!t) {
        printf("%-24s no tolerance for this name\n", name);
        return false;
    }
    if (mfd_npy_read(want_path, &want, &err) || mfd_npy_read(got_path, &got, &err)) {
        printf("%-24s %s\n", name, err.message);
        return false;
    }
    if (!same_shape(&want.tensor, &got.tensor)) {
        printf("%-24s shapes or types differ\n", name);
        return false;
    }
    size_t n = want.tensor.bytes / sizeof(float);
    size_t columns = want.tensor.ndim ? want.tensor.shape[want.tensor.ndim - 1] : 1;
    struct error e = compare(want.tensor.data, got.tensor.data, n, t);
    printf("%-24s largest error %.1e, %.2g of the tolerance (row %zu, column %zu)\n", name,
           e.largest, e.fraction, columns ? e.at / columns : 0, columns ? e.at % columns : 0);
    return e.fraction <= 1 && n > 0;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: npycmp PREFIX WANT GOT\n");
        return 2;
    }
    const char *prefix = argv[1], *want = argv[2], *got = argv[3];
    bool effects = strcmp(prefix, "windows") != 0 && strncmp(prefix, "windows.", 8) != 0;
    struct dirent **entries;
    int n = scandir(want, &entries, NULL, alphasort), compared = 0, failed = 0;
    if (n < 0) {
        perror(want);
        return 2;
    }
    for (int i = 0; i < n; i++) {
        char name[128], want_path[4096], got_path[4096];
        size_t skip = strlen(prefix) + 1;
        const char *file = entries[i]->d_name;
        if (strncmp(file, prefix, skip - 1) == 0 && file[skip - 1] == '.' &&
            sscanf(file + skip, "%127[^.]", name) == 1 &&
            strcmp(file + skip + strlen(name), ".npy") == 0) {
            snprintf(want_path, sizeof want_path, "%s/%s", want, file);
            snprintf(got_path, sizeof got_path, "%s/%s.npy", got, name);
            compared++;
            failed += !compare_files(name, want_path, got_path, effects);
        }
        free(entries[i]);
    }
    free(entries);
    printf("%d compared, %d wrong\n", compared, failed);
    return compared == 0 || failed;
}
