// The two clocks: durations are measured with the monotonic one, times on disk and in logs with the wall's.
#pragma once
#include <stdint.h>

/// Nanoseconds since an arbitrary moment; never goes back (CLOCK_MONOTONIC).
int64_t hs_monotonic_ns(void);
/// Milliseconds since 1970-01-01T00:00:00Z (CLOCK_REALTIME).
int64_t hs_wall_ms(void);
