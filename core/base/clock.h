/* Time that passes. */
#pragma once

/* Seconds on the system's monotonic clock, whose zero means nothing: for differences, and for waits
 * on that clock. */
double mfd_seconds(void);
