// The few zlib functions that the relay uses, declared by hand: libcurl4 brings libz.so.1 with it, but not zlib's
// header. Signatures and the stream's layout after zlib's manual (https://zlib.net/manual.html), version 1.2, whose
// layout 1.3 keeps.
#pragma once
#include <stddef.h>

/// A stream, zeroed before it is opened.
typedef struct hs_zlib_stream {
    const unsigned char *next_in;
    unsigned int avail_in;
    unsigned long total_in;
    unsigned char *next_out;
    unsigned int avail_out;
    unsigned long total_out;
    const char *msg;
    void *state;
    void *(*zalloc)(void *, unsigned int, unsigned int);
    void (*zfree)(void *, void *);
    void *opaque;
    int data_type;
    unsigned long adler;
    unsigned long reserved;
} hs_zlib_stream;

enum {
    HS_ZLIB_NO_FLUSH = 0,
    HS_ZLIB_FINISH = 4,
    HS_ZLIB_OK = 0,
    HS_ZLIB_STREAM_END = 1,
    /// Neither input nor output room was left: no error, give more of either.
    HS_ZLIB_BUF_ERROR = -5,
};

int inflate(hs_zlib_stream *stream, int flush);
int inflateEnd(hs_zlib_stream *stream);
int deflate(hs_zlib_stream *stream, int flush);
int deflateEnd(hs_zlib_stream *stream);

/// Opens a stream that reads gzip or zlib, whichever its first bytes say. HS_ZLIB_OK, or an error.
int hs_inflate_open(hs_zlib_stream *stream);
/// Opens a stream that writes gzip at zlib's usual level. HS_ZLIB_OK, or an error.
int hs_gzip_open(hs_zlib_stream *stream);
