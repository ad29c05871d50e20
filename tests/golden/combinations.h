/* Combinations of metadata, written as JSON, for the tests that ask the model of the case `order2`
 * (and, for held-out tracks, the trained one). Included once by each of their programs. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "core/model/virtual.h"
#include "tests/golden/bundle.h"

static struct mfd_model *model, *trained;
static const char *order2, *chr20;

static inline int load(void **state)
{
    (void)state;
    model = golden_open(order2);
    trained = golden_open(chr20);
    return 0;
}

static inline int unload(void **state)
{
    (void)state;
    mfd_model_unref(model);
    mfd_model_unref(trained);
    return 0;
}

#define BIOLOGY                                                                                    \
    "'Biosample_term_name':'lung','Biosample_organ_slims':'lung',"                                 \
    "'Biosample_developmental_slims':'endoderm','proc_Biosample_life_stage':'adult',"              \
    "'proc_age_bin':50,'proc_age_bin_units':'year','proc_target':'CTCF',"
#define TECHNIQUE                                                                                  \
    "'proc_Assay_lvl1':'TF ChIP-seq','Experiment_date_released':'2016',"                           \
    "'Library_lab':'/labs/bing-ren/','frip':0.5,'reproducible_peaks':100000"
#define WHOLE "{" BIOLOGY TECHNIQUE "}"

/* JSON with single quotes for double ones. */
static inline int code(const char *text, size_t defaults, struct mfd_combination *out, char *column,
                       struct mfd_error *err)
{
    char quoted[2048];
    size_t n = 0;
    for (; text[n]; n++)
        quoted[n] = text[n] == '\'' ? '"' : text[n];
    json_t *json = json_loadb(quoted, n, 0, NULL);
    assert_non_null(json);
    int status = mfd_virtual_code(model, json, defaults, out, column, err);
    json_decref(json);
    return status;
}

static inline struct mfd_combination must_code(const char *text, size_t defaults)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_combination c;
    if (code(text, defaults, &c, NULL, &err))
        fail_msg("%s: %s", text, err.message);
    return c;
}

/* Take the folders of the two cases from a program's arguments. */
static inline bool take_cases(int argc, char **argv)
{
    order2 = argc == 3 ? argv[1] : NULL;
    chr20 = argc == 3 ? argv[2] : NULL;
    return argc == 3;
}
