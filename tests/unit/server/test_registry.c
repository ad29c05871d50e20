#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/registry.h"
#include "server/store.h"
#include "tests/util/test.h"

static void a_model_that_may_still_come_is_not_ready_and_then_not_there(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_store *store = NULL;
    struct mfd_registry *registry = NULL;
    struct mfd_served *served = NULL;
    const char *const names[] = { NULL, "chr20" };
    char dir[] = "/tmp/mfd-registry-XXXXXX", command[64];
    assert_non_null(mkdtemp(dir));
    assert_int_equal(mfd_store_open(&store, dir, true, &err), MFD_OK);
    const struct mfd_registry_options options = { .model_dir = dir,
                                                  .default_model = "",
                                                  .default_genome = "" };
    assert_int_equal(mfd_registry_new(&registry, store, &options, &err), MFD_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(mfd_registry_acquire(registry, names[i], &served, &err), MFD_EBUSY);
        assert_string_equal(err.slug, "model-not-ready");
    }
    assert_int_equal(mfd_registry_load_wanted(registry), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(mfd_registry_acquire(registry, names[i], &served, &err), MFD_ENOTFOUND);
        assert_string_equal(err.slug, "model-not-found");
    }
    mfd_registry_free(registry);
    mfd_store_close(store);
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_that_may_still_come_is_not_ready_and_then_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
