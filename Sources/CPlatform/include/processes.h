// Starting commands and watching them end (posix_spawn(3), pidfd_open(2)).
#pragma once
#include <stdint.h>
#include <sys/types.h>
