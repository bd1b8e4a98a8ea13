// The console's files, as they stand in `page`, compiled into the binary (C23 §6.10.4, #embed).
#pragma once
#include <stddef.h>

/// One of the page's files.
typedef struct {
    /// The path that it is served at.
    const char *path;
    /// What it is.
    const char *content_type;
    const unsigned char *bytes;
    size_t count;
} hs_console_file;

/// The files by place; null behind the last.
const hs_console_file *hs_console_file_at(size_t place);
