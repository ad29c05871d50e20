/* Takes an operation (server/operation.h) through its steps: worker, engine, worker, part after
 * part. Who wants the answer, a request or a job, gives the callbacks. Loop thread but where said.
 */
#pragma once

#include "server/operation.h"

struct mfd_drive;

struct mfd_drive_owner {
    void *arg;
    /* worker; before open: may complete the input. Non-zero with `problem` ends the drive. */
    int (*begin)(void *arg, struct mfd_operation_input *input, struct mfd_problem *problem);
    /* worker; after open: false where the drive shall end here, the owner having what it wants */
    bool (*opened)(void *arg, void *state, struct mfd_operation_plan *plan,
                   struct mfd_problem *problem);
    /* worker; text of a part, or of what stands behind the last (part NULL). Takes the bytes.
     * Non-zero with `problem` ends the drive. */
    int (*text)(void *arg, struct mfd_buffer *text, const struct mfd_operation_part *part,
                struct mfd_problem *problem);
    /* loop; after text: a part is through */
    void (*progress)(void *arg);
    /* loop; true: encode no more until mfd_drive_go */
    bool (*full)(void *arg);
    /* worker; the last step, after close. `problem` NULL: all is well */
    void (*closing)(void *arg, const struct mfd_problem *problem);
    /* loop; the drive is gone */
    void (*done)(void *arg);
};

struct mfd_drive_options {
    const struct mfd_operation *operation;
    struct mfd_operation_input input; /* what it points to outlives the drive */
    const char *client;               /* outlives the drive */
    uint64_t deadline_ms;             /* loop clock; 0: none */
    bool slack;                       /* yield to requests */
    size_t part_items;                /* most items a part where the operation leaves it open */
    /* resume behind the items that are done: they are not computed again */
    size_t first;
    struct mfd_tally counts;
};

/* NULL on lack of memory. */
struct mfd_drive *mfd_drive_new(const struct mfd_drive_options *options,
                                const struct mfd_drive_owner *owner);
void mfd_drive_go(struct mfd_drive *drive);
void mfd_drive_cancel(struct mfd_drive *drive);
/* Now and then: ends a drive whose deadline has passed. */
void mfd_drive_tick(struct mfd_drive *drive);
