// What Linux offers and Swift's Glibc module leaves out: readiness, files, processes, and the CRC32C instruction.
#pragma once
#include "checksum.h"
#include "clock.h"
#include "files.h"
#include "memory.h"
#include "processes.h"
#include "readiness.h"
#include "scan.h"
#include "search.h"
#include "service.h"
#include "sockets.h"
#include "threads.h"
