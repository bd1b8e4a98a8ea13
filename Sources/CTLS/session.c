#include "openssl.h"

int SSL_read_ex(SSL *session, void *bytes, size_t count, size_t *done);
int SSL_write_ex(SSL *session, const void *bytes, size_t count, size_t *done);
int SSL_get_error(const SSL *session, int result);
int SSL_is_init_finished(const SSL *session);

// Numbers of ssl.h and sslerr.h.
enum {
    ERROR_WANT_READ = 2,
    ERROR_WANT_WRITE = 3,
    REASON_HTTP_REQUEST = 156,
    REASON_MASK = 0x7FFFFF,
};

static long outcome(SSL *session) {
    switch (SSL_get_error(session, 0)) {
    case ERROR_WANT_READ: return HS_TLS_WANTS_READ;
    case ERROR_WANT_WRITE: return HS_TLS_WANTS_WRITE;
    default: break;
    }
    long ended = (ERR_peek_last_error() & REASON_MASK) == REASON_HTTP_REQUEST ? HS_TLS_PLAIN_HTTP : HS_TLS_ENDED;
    ERR_clear_error();
    return ended;
}

long hs_tls_read(SSL *session, void *bytes, size_t count) {
    size_t done = 0;
    ERR_clear_error();
    return SSL_read_ex(session, bytes, count, &done) == 1 ? (long)done : outcome(session);
}

long hs_tls_write(SSL *session, const void *bytes, size_t count) {
    size_t done = 0;
    ERR_clear_error();
    return SSL_write_ex(session, bytes, count, &done) == 1 ? (long)done : outcome(session);
}

int hs_tls_is_established(const SSL *session) { return SSL_is_init_finished(session); }
