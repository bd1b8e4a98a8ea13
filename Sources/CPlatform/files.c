#define _GNU_SOURCE
#include "include/files.h"
