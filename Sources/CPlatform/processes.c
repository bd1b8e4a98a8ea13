#define _GNU_SOURCE
#include "include/processes.h"
