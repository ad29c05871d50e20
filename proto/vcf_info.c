#include "proto/vcf_info.h"

#include <math.h>
#include <string.h>

#include "proto/text.h"

const struct mfd_vcf_summary_field mfd_vcf_summaries[MFD_VCF_SUMMARIES] = {
    [MFD_VCF_STATUS] = { "MFD_STATUS", "String",
                         "ok, flipped (ALT is the reference allele) or why the allele was not "
                         "scored" },
    [MFD_VCF_TRACK] = { "MFD_TRACK", "String", "Track with the largest effect" },
    [MFD_VCF_EFFECT] = { "MFD_EFFECT", "Float",
                         "Effect on that track: alternative minus reference" },
    [MFD_VCF_BIO] = { "MFD_BIO", "Float", "Biological part of MFD_EFFECT" },
    [MFD_VCF_TECH] = { "MFD_TECH", "Float", "Technical part of MFD_EFFECT" },
    [MFD_VCF_L2] = { "MFD_L2", "Float",
                     "Root of the sum of squared effects over all tracks asked for" },
    [MFD_VCF_SHARE] = { "MFD_SHARE", "Float",
                        "Biological share of the effects: sum |biological| / (sum |biological| + "
                        "sum |technical|); mostly technical below 0.5" },
    [MFD_VCF_TOP] = { "MFD_TOP", "String",
                      "Tracks with the largest effects, as track:effect:biological:technical "
                      "between |" },
};

/* Parts of the answer by group, and by name where that says more than the component. */
static const struct part {
    const char *group, *name, *id, *description;
} parts[] = {
    { "effect", NULL, "MFD_EFFECTS", "Effect: alternative minus reference" },
    { "sd", NULL, "MFD_SD", "Standard deviation of the effect over the settings averaged" },
    { "levels", NULL, "MFD_LEVEL", "Effect in setting" },
    { "reference", NULL, "MFD_REF", "Prediction for the reference allele" },
    { "alternative", NULL, "MFD_ALT", "Prediction for the alternative allele" },
    { "difference", NULL, "MFD_DIFF", "Difference of the probabilities: alternative - reference" },
    { "swap", NULL, "MFD_SWAP",
      "Change of the logit if only those features were the alternative allele's" },
    { "sar", NULL, "MFD_SAR", "log2(alternative / reference) of the probabilities" },
    { "quantile", NULL, "MFD_QUANTILE",
      "Sign of the effect times the share of common variants whose effect is smaller" },
    { "max_abs", NULL, "MFD_MAX_ABS", "Largest absolute effect over all tracks asked for" },
    { "l2", NULL, "MFD_L2", "Root of the sum of squared effects over all tracks asked for" },
    { "agreement", NULL, "MFD_AGREEMENT",
      "Share of the pairs of tracks of the same biology, from different laboratories, whose "
      "effects have the same sign" },
    { "share", "tracks", "MFD_SHARE_TRACKS",
      "Biological share of the effect: |biological| / (|biological| + |technical|)" },
    { "share", "biological", "MFD_SHARE",
      "Biological share of the effects: sum |biological| / (sum |biological| + sum |technical|); "
      "mostly technical below 0.5" },
    { "share", "mostly_technical", "MFD_MOSTLY_TECHNICAL",
      "1 where the biological share of the effects is below 0.5, else 0" },
    { "features", NULL, "MFD_FEATURES",
      "Change of the latent features: the alternative allele's less the reference's" },
};

static const struct {
    const char *name, *id, *text;
} components[] = {
    { "biological", "_BIO", ", biological part" },
    { "technical", "_TECH", ", technical part" },
};

void mfd_vcf_part(const char *group, const char *name, const struct mfd_vcf_level *level,
                  struct mfd_buffer *id, struct mfd_buffer *description)
{
    const struct part *part = parts, *end = parts + sizeof parts / sizeof *parts;
    while (part < end &&
           (strcmp(part->group, group) != 0 || (part->name && strcmp(part->name, name) != 0)))
        part++;
    if (part == end)
        return;
    mfd_buffer_adds(id, part->id);
    mfd_buffer_adds(description, part->description);
    if (strcmp(group, "levels") == 0) {
        mfd_buffer_addf(id, "_%zu", level->number);
        mfd_buffer_addf(description, " %zu of the average: %s, whose weight is %.9g", level->number,
                        level->text, level->weight);
    }
    for (size_t c = 0; !part->name && c < 2; c++)
        if (strcmp(components[c].name, name) == 0) {
            mfd_buffer_adds(id, components[c].id);
            mfd_buffer_adds(description, components[c].text);
        }
}

void mfd_vcf_format(const char *const *names, size_t n, size_t first, struct mfd_buffer *out)
{
    mfd_buffer_adds(out, ". Format: ");
    for (size_t i = 0; i < n; i++) {
        mfd_buffer_adds(out, i ? "|" : "");
        if (names)
            mfd_text_vcf(out, names[i]);
        else
            mfd_buffer_addf(out, "%zu", first + i);
    }
}

/* A string of a header line, without its quotes. */
static void add_quoted(struct mfd_buffer *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            mfd_buffer_addc(out, '\\');
        mfd_buffer_addc(out, *text == '\n' || *text == '\r' ? ' ' : *text);
    }
}

void mfd_vcf_source_line(const struct mfd_vcf_source *source, struct mfd_buffer *out)
{
    const char *const members[][2] = { { "##mfd=<Model", source->model },
                                       { ",Digest", source->digest },
                                       { ",Scale", source->scale } };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        mfd_buffer_addf(out, "%s=\"", members[i][0]);
        add_quoted(out, members[i][1]);
        mfd_buffer_addc(out, '"');
    }
    for (size_t i = 0; i < source->n_over; i++) {
        mfd_buffer_adds(out, i ? "," : ",Over=\"");
        add_quoted(out, source->over[i]);
    }
    if (source->n_over)
        mfd_buffer_addf(out, "\",Settings=%zu", source->settings);
    mfd_buffer_addc(out, '>');
}

void mfd_vcf_number(float value, struct mfd_buffer *out)
{
    if (isfinite(value))
        mfd_text_f32s(out, &value, 1);
    else
        mfd_buffer_addc(out, '.');
}
