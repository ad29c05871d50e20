/* Any text as a variant. What is read and fits the reference must come back from each of its texts
 * as the same normal form. */
#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/genome/variant.h"
#include "tests/fuzz/fuzz_genome.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_form(const struct mfd_variant *normal, struct mfd_genome *genome,
                       enum mfd_variant_form form)
{
    MFD_CLEANUP(mfd_buffer_deinit) struct mfd_buffer text = MFD_BUFFER_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_variant back;
    if (mfd_variant_format(normal, genome, form, &text, &err) != MFD_OK)
        abort();
    if (mfd_variant_parse(&back, genome, text.data, text.len, &err) != MFD_OK)
        abort();
    if (mfd_variant_normalize(&back, genome, NULL, &err) != MFD_OK)
        abort();
    if (back.status != normal->status || back.pos != normal->pos ||
        strcmp(back.ref, normal->ref) != 0 || strcmp(back.alt, normal->alt) != 0)
        abort();
    mfd_variant_deinit(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mfd_genome *genome = fuzz_genome();
    struct mfd_error err = MFD_ERROR_INIT, reason = MFD_ERROR_INIT;
    struct mfd_variant v;
    int status = mfd_variant_parse(&v, genome, (const char *)data, size, &err);
    if (status != MFD_OK) {
        if (!err.message[0] || !err.slug[0] || err.status != status)
            abort();
        return 0;
    }
    enum mfd_variant_status before = v.status;
    if (mfd_variant_check(&v, genome, &reason, &err) != MFD_OK || v.status != before ||
        (before != MFD_VARIANT_OK && !reason.message[0]))
        abort();
    if (mfd_variant_normalize(&v, genome, NULL, &err) != MFD_OK)
        abort();
    if (v.status == MFD_VARIANT_OK)
        for (int form = MFD_FORM_DASH; form <= MFD_FORM_HGVS; form++)
            check_form(&v, genome, (enum mfd_variant_form)form);
    mfd_variant_deinit(&v);
    return 0;
}
