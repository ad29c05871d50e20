/* Scope-bound ownership: MFD_AUTO(free_fn) frees on scope exit, mfd_steal hands over. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MFD_CLEANUP(fn) __attribute__((cleanup(fn)))

/* Declares `fn_p(T **)` for use as MFD_CLEANUP(fn_p), where `fn(T *)` takes NULL. */
#define MFD_DEFINE_CLEANUP(T, fn)                                                                  \
    __attribute__((unused)) static inline void fn##_p(T **p)                                       \
    {                                                                                              \
        if (*p)                                                                                    \
            fn(*p);                                                                                \
    }                                                                                              \
    struct mfd_allow_semicolon

/* Take a pointer out of a cleanup variable. */
#define mfd_steal(p)                                                                               \
    __extension__({                                                                                \
        __typeof__(p) stolen_ = (p);                                                               \
        (p) = NULL;                                                                                \
        stolen_;                                                                                   \
    })

static inline void mfd_free_p(void *p)
{
    free(*(void **)p);
}

static inline void mfd_close_p(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void mfd_fclose_p(FILE **f)
{
    if (*f)
        fclose(*f);
}

#define MFD_AUTO_FREE MFD_CLEANUP(mfd_free_p)
#define MFD_AUTO_CLOSE MFD_CLEANUP(mfd_close_p)
#define MFD_AUTO_FCLOSE MFD_CLEANUP(mfd_fclose_p)
