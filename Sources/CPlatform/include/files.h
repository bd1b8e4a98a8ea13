// File calls that Glibc's module lacks or cannot express (pwritev(2), fallocate(2), flock(2)).
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
