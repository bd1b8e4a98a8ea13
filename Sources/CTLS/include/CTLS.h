// The few functions of OpenSSL 3's libssl that the listener and the client use, declared by hand: libcurl4 brings libssl.so.3 with it,
// but not OpenSSL's headers. Signatures after OpenSSL's manual, section 3: SSL_CTX_new, SSL_read, SSL_get_error, X509_check_host.
#pragma once
#include <stddef.h>

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;

void SSL_CTX_free(SSL_CTX *context);
void SSL_free(SSL *session);
int SSL_shutdown(SSL *session);
int SSL_has_pending(const SSL *session);

/// What could not be done in making a context.
enum hs_tls_fault { HS_TLS_OK, HS_TLS_NO_MEMORY, HS_TLS_CERTIFICATE, HS_TLS_KEY, HS_TLS_NO_FIT, HS_TLS_CLIENT_CA };

/// A context for a server with a certificate chain and its key (PEM files), and, where it is not NULL, a file of the
/// authorities whose clients alone may connect. TLS 1.2 and 1.3 as Mozilla's intermediate profile has them. NULL with
/// `fault`, and the reason in `reason`.
SSL_CTX *hs_tls_context(
    const char *certificate, const char *key, const char *client_ca, int *fault, char *reason, size_t capacity);
/// Has clients of the first context that ask for a name served by the first one whose certificate is for it; the first
/// one serves the rest. The array ends with NULL, and must last as long as sessions begin.
void hs_tls_choose_by_name(SSL_CTX *const *contexts);
/// Lets tickets that were given out under `old` be used with `new` again.
void hs_tls_keep_tickets(SSL_CTX *old, SSL_CTX *new);
/// Whether a context's certificate is for a host. 1 or 0.
int hs_tls_names(SSL_CTX *context, const char *host);
/// Seconds until a context's certificate expires; negative once it has.
long hs_tls_seconds_left(SSL_CTX *context);

/// A server's session on a connected socket. NULL without memory.
SSL *hs_tls_session(SSL_CTX *context, int descriptor);

/// What a read or write came to: bytes above 0, or one of these.
enum hs_tls_outcome { HS_TLS_ENDED = 0, HS_TLS_WANTS_READ = -1, HS_TLS_WANTS_WRITE = -2, HS_TLS_PLAIN_HTTP = -3 };
long hs_tls_read(SSL *session, void *bytes, size_t count);
long hs_tls_write(SSL *session, const void *bytes, size_t count);
/// Whether the handshake is over. 1 or 0.
int hs_tls_is_established(const SSL *session);

/// A context for a client. `authority` is a PEM file of those whose certificates are believed, or NULL for the system's;
/// `certificate` and `key` are shown to servers that ask, or NULL. NULL with the reason in `reason`.
SSL_CTX *hs_tls_client_context(
    const char *authority, const char *certificate, const char *key, char *reason, size_t capacity);
/// A client's session on a connected socket, to a host whose name, or address, the certificate must bear. NULL without memory.
SSL *hs_tls_client_session(SSL_CTX *context, int descriptor, const char *host, int is_address);
/// Why the other side's certificate is not believed; NULL if it is.
const char *hs_tls_verify_fault(const SSL *session);
