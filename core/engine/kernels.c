#include "core/engine/kernels.h"

#include <string.h>

extern const struct mfd_kernels mfd_kernels_portable;
#ifdef MFD_X86_KERNELS
extern const struct mfd_kernels mfd_kernels_avx2, mfd_kernels_avx512;
#endif

const struct mfd_kernels *mfd_kernels_choose(const char *name)
{
#ifdef MFD_X86_KERNELS
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
        (!name || strcmp(name, "avx512") == 0))
        return &mfd_kernels_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        (!name || strcmp(name, "avx2") == 0))
        return &mfd_kernels_avx2;
#endif
    if (!name || strcmp(name, "portable") == 0)
        return &mfd_kernels_portable;
    return NULL;
}
