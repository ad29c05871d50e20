/* The track order out of a pickled pandas DataFrame: its index, or else its column
 * `File_accession`. Layouts known: pandas 1.3 and later (BlockManager made from blocks and axes),
 * and before (BlockManager with the state "0.14.1"); text as NumPy objects or as pandas' own string
 * arrays over them. */
#pragma once

#include "core/base/error.h"
#include "core/checkpoint/names.h"
#include "core/checkpoint/pickle.h"

#define MFD_TRACK_COLUMN "File_accession"

/* Append the names to `ids`. Where the frame has both an index of text and the column, they must
 * agree: MFD_EMISMATCH names the first row that differs. MFD_EUNSUPPORTED where the layout is not
 * one of those above. */
int mfd_frame_tracks(const struct mfd_pickle_value *frame, struct mfd_names *ids,
                     struct mfd_error *err) MFD_MUST_CHECK;
