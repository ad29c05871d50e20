/* Weights of the same experiment called twice, side by side: pairs BUNDLE prints for every track ID
 * that has a track ID_relaxed the cosine and distance of their biological and technical weights,
 * and last the means over all pairs of tracks. */
#include <stdio.h>

#include "core/score/introspect.h"

static void print_line(const char *name, const struct mfd_similarity *s)
{
    printf("%s\t%.6f\t%.6f\t%.6f\t%.6f\n", name, s->cosine[MFD_BIOLOGICAL],
           s->distance[MFD_BIOLOGICAL], s->cosine[MFD_TECHNICAL], s->distance[MFD_TECHNICAL]);
}

int main(int argc, char **argv)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_model *m;
    struct mfd_similarity one, mean = { 0 };
    if (argc != 2)
        return 2;
    if (mfd_model_open(&m, argv[1], &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    size_t n = mfd_model_tracks(m);
    double pairs = (double)n * (double)(n - 1) / 2;
    for (size_t t = 0; t < n; t++) {
        char name[256];
        snprintf(name, sizeof name, "%s_relaxed", mfd_model_track_id(m, t));
        size_t twin = mfd_model_find_track(m, name);
        if (twin != MFD_NONE) {
            mfd_tracks_compare(m, t, twin, &one);
            print_line(mfd_model_track_id(m, t), &one);
        }
        for (size_t u = 0; u < t; u++) {
            mfd_tracks_compare(m, t, u, &one);
            for (int g = 0; g < MFD_GROUPS; g++) {
                mean.cosine[g] += one.cosine[g] / pairs;
                mean.distance[g] += one.distance[g] / pairs;
            }
        }
    }
    print_line("all", &mean);
    mfd_model_unref(m);
    return 0;
}
