#include "core/checkpoint/pickle.h"

#include <stdlib.h>

#include "core/base/memory.h"
#include "core/checkpoint/pickle_machine.h"

static int start(struct pickle_machine *m)
{
    struct mfd_pickle_value **const constants[] = { &m->none, &m->no,  &m->yes,
                                                    &m->zero, &m->one, &m->empty_tuple };
    static const enum mfd_pickle_kind kinds[] = { MFD_PICKLE_NONE,  MFD_PICKLE_BOOL,
                                                  MFD_PICKLE_BOOL,  MFD_PICKLE_FLOAT,
                                                  MFD_PICKLE_FLOAT, MFD_PICKLE_TUPLE };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!(*constants[i] = pickle_new_value(m, kinds[i])))
            return MFD_ENOMEM;
    m->yes->truth = true;
    m->one->real = 1;
    return MFD_OK;
}

static int run(struct pickle_machine *m)
{
    int status = start(m);
    while (!status && !m->stopped) {
        m->opcode = "the pickle";
        if (m->at == m->end)
            return pickle_malformed(m, "ends without STOP");
        unsigned char op = *m->at++;
        m->opcode = pickle_opcodes[op].name;
        if (!m->opcode)
            return mfd_fail(m->err, MFD_EFORMAT, "byte 0x%02x is no opcode", op);
        if (!pickle_opcodes[op].run)
            return mfd_fail(m->err, MFD_EUNSUPPORTED, "opcode %s is not allowed in a checkpoint",
                            m->opcode);
        status = pickle_opcodes[op].run(m, pickle_opcodes[op].arg);
    }
    if (!status && m->at != m->end)
        return mfd_fail(m->err, MFD_EFORMAT, "%zu bytes follow its end", (size_t)(m->end - m->at));
    return status;
}

int mfd_pickle_read(struct mfd_pickle **out, const void *bytes, size_t size, size_t memory,
                    struct mfd_error *err)
{
    struct mfd_error own = MFD_ERROR_INIT;
    struct mfd_pickle *pickle = mfd_calloc(1, sizeof *pickle);
    struct pickle_machine *m = mfd_calloc(1, sizeof *m);
    int status = pickle && m ? MFD_OK : mfd_fail_nomem(&own);
    if (!status) {
        pickle->limit = memory;
        m->pickle = pickle;
        m->start = m->at = bytes;
        m->end = m->start + size;
        m->err = &own;
        status = size ? run(m) : mfd_fail(&own, MFD_EFORMAT, "there are no bytes");
        if (status)
            status = mfd_fail_prefix(&own, status, "pickle, byte %zu", (size_t)(m->at - m->start));
        free(m->stack.at);
        free(m->memo.at);
    }
    free(m);
    if (status) {
        mfd_pickle_free(pickle);
        if (err)
            *err = own;
        return status;
    }
    *out = pickle;
    return MFD_OK;
}

void mfd_pickle_free(struct mfd_pickle *pickle)
{
    if (!pickle)
        return;
    pickle_free_chunks(pickle);
    free(pickle);
}

const struct mfd_pickle_value *mfd_pickle_root(const struct mfd_pickle *pickle)
{
    return pickle->root;
}
