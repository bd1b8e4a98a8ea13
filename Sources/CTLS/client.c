#include "openssl.h"

const SSL_METHOD *TLS_client_method(void);
int SSL_CTX_set_default_verify_paths(SSL_CTX *context);
void SSL_set_connect_state(SSL *session);
int SSL_set1_host(SSL *session, const char *host);
typedef struct X509_VERIFY_PARAM_st X509_VERIFY_PARAM;
X509_VERIFY_PARAM *SSL_get0_param(SSL *session);
int X509_VERIFY_PARAM_set1_ip_asc(X509_VERIFY_PARAM *parameters, const char *address);
long SSL_ctrl(SSL *session, int command, long number, void *pointer);
long SSL_get_verify_result(const SSL *session);
const char *X509_verify_cert_error_string(long result);

// Numbers of ssl.h and tls1.h.
enum {
    CTRL_SET_TLSEXT_HOSTNAME = 55,
    VERIFY_PEER = 1,
};

SSL_CTX *hs_tls_client_context(
    const char *authority, const char *certificate, const char *key, char *reason, size_t capacity) {
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context) goto failed;
    SSL_CTX_ctrl(context, CTRL_SET_MIN_PROTO_VERSION, VERSION_1_2, NULL);
    SSL_CTX_ctrl(context, CTRL_MODE, MODE, NULL);
    SSL_CTX_set_verify(context, VERIFY_PEER, NULL);
    if (authority ? SSL_CTX_load_verify_file(context, authority) != 1 : SSL_CTX_set_default_verify_paths(context) != 1)
        goto failed;
    if (certificate
        && (SSL_CTX_use_certificate_chain_file(context, certificate) != 1
            || SSL_CTX_use_PrivateKey_file(context, key, FILETYPE_PEM) != 1
            || SSL_CTX_check_private_key(context) != 1))
        goto failed;
    return context;
failed:
    explain(reason, capacity);
    if (context) SSL_CTX_free(context);
    return NULL;
}

SSL *hs_tls_client_session(SSL_CTX *context, int descriptor, const char *host, int is_address) {
    SSL *session = SSL_new(context);
    if (!session) return NULL;
    // A name is asked for (RFC 6066 §3) and checked; an address is only checked.
    int fits = is_address
        ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host)
        : SSL_set1_host(session, host) && SSL_ctrl(session, CTRL_SET_TLSEXT_HOSTNAME, 0, (void *)host) == 1;
    if (fits != 1 || SSL_set_fd(session, descriptor) != 1) {
        SSL_free(session);
        return NULL;
    }
    SSL_set_connect_state(session);
    return session;
}

const char *hs_tls_verify_fault(const SSL *session) {
    long result = SSL_get_verify_result(session);
    return result == 0 ? NULL : X509_verify_cert_error_string(result);
}
