#include "include/CZlib.h"

// zlib's macros of these names pass the version that the caller was written for, and the size of its stream.
int inflateInit2_(hs_zlib_stream *stream, int window, const char *version, int size);
int deflateInit2_(
    hs_zlib_stream *stream, int level, int method, int window, int memory, int strategy, const char *version, int size);

static const char version[] = "1.2.11";

enum { DEFAULT_LEVEL = -1, DEFLATED = 8, WINDOW = 15, GZIP = 16, GZIP_OR_ZLIB = 32, DEFAULT_MEMORY = 8 };

int hs_inflate_open(hs_zlib_stream *stream) {
    return inflateInit2_(stream, WINDOW + GZIP_OR_ZLIB, version, (int)sizeof *stream);
}

int hs_gzip_open(hs_zlib_stream *stream) {
    return deflateInit2_(
        stream, DEFAULT_LEVEL, DEFLATED, WINDOW + GZIP, DEFAULT_MEMORY, 0, version, (int)sizeof *stream);
}
