/* Any bytes are read as a checkpoint or refused; and of one that was read every tensor is finite
 * single precision within its storage, and the tracks have names. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/checkpoint/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mfd_checkpoint *ck;
    struct mfd_names ids = MFD_NAMES_INIT;
    if (mfd_checkpoint_parse(&ck, data, size, NULL) != MFD_OK)
        return 0;
    for (size_t i = 0; i < mfd_checkpoint_count(ck); i++) {
        struct mfd_tensor t;
        if (mfd_checkpoint_tensor(ck, i, &t, NULL) != MFD_OK)
            continue;
        size_t n;
        if (!mfd_shape_bytes(t.dtype, t.shape, t.ndim, &n) || n != t.bytes || t.bytes > size ||
            mfd_tensor_first_nonfinite(&t) != (size_t)-1)
            abort();
    }
    if (mfd_checkpoint_tracks(ck, &ids, NULL) == MFD_OK)
        for (size_t i = 0; i < ids.n; i++)
            if (!*ids.at[i])
                abort();
    mfd_names_deinit(&ids);
    mfd_checkpoint_free(ck);
    return 0;
}
