/* Any bytes are read as a pickle or refused, in bounded memory; and whatever was read, every reader
 * of values (arrays, tables, hyper-parameters, numbers, bytes) can be given every value. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/checkpoint/frame.h"
#include "core/checkpoint/hyper.h"
#include "core/checkpoint/ndarray.h"
#include "core/checkpoint/pickle.h"

#define MEMORY ((size_t)64 << 20)
#define VALUES 500 /* a pickle may share values endlessly */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct mfd_pickle_value *v)
{
    struct mfd_ndarray a;
    struct mfd_names ids = MFD_NAMES_INIT;
    json_t *json = NULL;
    double number;
    size_t n = 0;
    if (mfd_ndarray_is(v) && mfd_ndarray_read(v, &a, NULL) == MFD_OK) {
        int64_t x;
        for (size_t i = 0; i < a.n && mfd_ndarray_integer(&a, i, &x);)
            i++;
        if (a.type == 'O' && a.n && !a.objects->at[a.n - 1])
            abort();
        mfd_ndarray_deinit(&a);
    }
    (void)mfd_pickle_number(v, &number);
    free(mfd_pickle_bytes(v, &n));
    if (mfd_frame_tracks(v, &ids, NULL) == MFD_OK)
        mfd_names_deinit(&ids);
    if (mfd_hyper_to_json(v, &json, NULL) == MFD_OK)
        json_decref(json);
    json_decref(mfd_hyper_value(v));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct mfd_pickle_value *queue[VALUES];
    struct mfd_pickle *p;
    if (mfd_pickle_read(&p, data, size, MEMORY, NULL) != MFD_OK)
        return 0;
    size_t n = 0;
    queue[n++] = mfd_pickle_root(p);
    for (size_t i = 0; i < n; i++) {
        const struct mfd_pickle_value *v = queue[i];
        use(v);
        const struct mfd_pickle_items *items = mfd_pickle_items(v);
        for (size_t k = 0; items && k < items->n && n < VALUES; k++)
            queue[n++] = items->at[k];
        if (v->kind == MFD_PICKLE_OBJECT && n + 2 < VALUES) {
            queue[n++] = v->object->args;
            if (v->object->state)
                queue[n++] = v->object->state;
        }
    }
    mfd_pickle_free(p);
    return 0;
}
