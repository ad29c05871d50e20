/* Bodies of the Open Inference Protocol: two bytes say how many of the rest are JSON. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/handlers/infer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct mfd_limits limits = MFD_LIMITS_INIT;
    struct mfd_problem problem = MFD_PROBLEM_INIT;
    struct mfd_infer infer;
    if (size < 2)
        return 0;
    size_t json_bytes = data[0] | (size_t)data[1] << 8;
    if (mfd_infer_decode(&infer, (const char *)data + 2, size - 2, json_bytes, &limits, &problem)) {
        if (!problem.type || !problem.detail[0])
            abort();
        return 0;
    }
    size_t sum = 0;
    for (size_t i = 0; i < infer.n; i++)
        for (size_t j = 0; j < infer.sequences[i].n; j++) /* every byte is there */
            sum += (unsigned char)infer.sequences[i].s[j];
    if (infer.n_outputs == 0 || infer.n_outputs > MFD_INFER_OUTPUTS || sum > size * 255)
        abort();
    mfd_infer_deinit(&infer);
    return 0;
}
