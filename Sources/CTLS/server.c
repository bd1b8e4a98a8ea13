#define _GNU_SOURCE
#include "openssl.h"

typedef struct x509_st X509;
typedef struct asn1_string_st ASN1_TIME;
typedef struct stack_st_X509_NAME STACK_OF_NAMES;

const SSL_METHOD *TLS_server_method(void);
long SSL_CTX_callback_ctrl(SSL_CTX *context, int command, void (*callback)(void));
uint64_t SSL_CTX_set_options(SSL_CTX *context, uint64_t options);
int SSL_CTX_set_cipher_list(SSL_CTX *context, const char *list);
void SSL_CTX_set_default_passwd_cb(SSL_CTX *context, int (*callback)(char *, int, int, void *));
STACK_OF_NAMES *SSL_load_client_CA_file(const char *path);
void SSL_CTX_set_client_CA_list(SSL_CTX *context, STACK_OF_NAMES *names);
int SSL_CTX_set_session_id_context(SSL_CTX *context, const unsigned char *id, unsigned int count);
typedef int (*hs_alpn)(SSL *, const unsigned char **, unsigned char *, const unsigned char *, unsigned int, void *);
void SSL_CTX_set_alpn_select_cb(SSL_CTX *context, hs_alpn callback, void *argument);
X509 *SSL_CTX_get0_certificate(const SSL_CTX *context);
int X509_check_host(X509 *certificate, const char *name, size_t count, unsigned int flags, char **peer);
const ASN1_TIME *X509_get0_notAfter(const X509 *certificate);
int ASN1_TIME_diff(int *days, int *seconds, const ASN1_TIME *from, const ASN1_TIME *to);
void SSL_set_accept_state(SSL *session);
const char *SSL_get_servername(const SSL *session, int type);
SSL_CTX *SSL_set_SSL_CTX(SSL *session, SSL_CTX *context);

// Numbers of ssl.h and tls1.h.
enum {
    CTRL_SET_READ_AHEAD = 41,
    CTRL_SET_SESS_CACHE_MODE = 44,
    CTRL_SET_SERVERNAME_CB = 53,
    CTRL_SET_SERVERNAME_ARG = 54,
    CTRL_GET_TICKET_KEYS = 58,
    CTRL_SET_TICKET_KEYS = 59,
    CTRL_SET_GROUPS_LIST = 92,
    VERIFY_PEER_OR_FAIL = 1 | 2,
    TLSEXT_OK = 0,
    TLSEXT_ALERT_FATAL = 2,
    TICKET_KEYS = 80,
};
static const uint64_t NO_COMPRESSION = 1ull << 17, NO_RENEGOTIATION = 1ull << 30, IGNORE_UNEXPECTED_EOF = 1ull << 7;

static int no_passphrase(char *buffer, int size, int writing, void *user) {
    // Nobody is there to be asked.
    (void)buffer, (void)size, (void)writing, (void)user;
    return 0;
}

static int choose_protocol(
    SSL *session, const unsigned char **out, unsigned char *count, const unsigned char *in, unsigned int length,
    void *argument) {
    static const unsigned char protocol[] = "http/1.1";
    (void)session, (void)argument;
    for (unsigned int i = 0; i + 1 + in[i] <= length; i += 1 + in[i]) {
        if (in[i] == sizeof protocol - 1 && memcmp(in + i + 1, protocol, sizeof protocol - 1) == 0) {
            *out = in + i + 1;
            *count = in[i];
            return TLSEXT_OK;
        }
    }
    // A client that speaks only something else is told so (RFC 7301 §3.2).
    return TLSEXT_ALERT_FATAL;
}

SSL_CTX *hs_tls_context(
    const char *certificate, const char *key, const char *client_ca, int *fault, char *reason, size_t capacity) {
    // What Mozilla's intermediate profile (version 5.7) names for TLS 1.2, without finite-field DHE: any client can make a
    // server pay dearly for it (CVE-2002-20001), and those of today have the others. TLS 1.3's own are OpenSSL's three.
    static const char ciphers[] =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
        "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    *fault = HS_TLS_NO_MEMORY;
    if (!context) goto failed;
    SSL_CTX_ctrl(context, CTRL_SET_MIN_PROTO_VERSION, VERSION_1_2, NULL);
    SSL_CTX_ctrl(context, CTRL_MODE, MODE, NULL);
    SSL_CTX_ctrl(context, CTRL_SET_READ_AHEAD, 1, NULL);
    // Sessions are resumed by tickets, which the clients keep: the server holds nothing for those that have gone.
    SSL_CTX_ctrl(context, CTRL_SET_SESS_CACHE_MODE, 0, NULL);
    SSL_CTX_set_options(context, NO_COMPRESSION | NO_RENEGOTIATION | IGNORE_UNEXPECTED_EOF);
    if (!SSL_CTX_set_cipher_list(context, ciphers)) goto failed;
    if (!SSL_CTX_ctrl(context, CTRL_SET_GROUPS_LIST, 0, "X25519:P-256:P-384")) goto failed;
    SSL_CTX_set_session_id_context(context, (const unsigned char *)"hookswitch", 10);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    *fault = HS_TLS_CERTIFICATE;
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1) goto failed;
    *fault = HS_TLS_NO_FIT;
    if (SSL_CTX_use_PrivateKey_file(context, key, FILETYPE_PEM) != 1) {
        // A key that can be read and does not fit is refused here too; only one that can't be is another fault.
        unsigned long error = ERR_peek_last_error();
        const char *text = ERR_reason_error_string(error);
        if (!text || !strstr(text, "mismatch")) *fault = HS_TLS_KEY;
        goto failed;
    }
    if (SSL_CTX_check_private_key(context) != 1) goto failed;
    if (client_ca) {
        *fault = HS_TLS_CLIENT_CA;
        if (SSL_CTX_load_verify_file(context, client_ca) != 1) goto failed;
        STACK_OF_NAMES *names = SSL_load_client_CA_file(client_ca);
        if (!names) goto failed;
        SSL_CTX_set_client_CA_list(context, names);
        SSL_CTX_set_verify(context, VERIFY_PEER_OR_FAIL, NULL);
    }
    *fault = HS_TLS_OK;
    return context;
failed:
    explain(reason, capacity);
    if (context) SSL_CTX_free(context);
    return NULL;
}

static int choose_context(SSL *session, int *alert, void *argument) {
    SSL_CTX *const *contexts = argument;
    const char *name = SSL_get_servername(session, 0);
    (void)alert;
    for (size_t i = 0; name && contexts[i]; i++) {
        if (hs_tls_names(contexts[i], name)) {
            if (i > 0) SSL_set_SSL_CTX(session, contexts[i]);
            break;
        }
    }
    return TLSEXT_OK;
}

void hs_tls_choose_by_name(SSL_CTX *const *contexts) {
    SSL_CTX_callback_ctrl(contexts[0], CTRL_SET_SERVERNAME_CB, (void (*)(void))choose_context);
    SSL_CTX_ctrl(contexts[0], CTRL_SET_SERVERNAME_ARG, 0, (void *)contexts);
}

void hs_tls_keep_tickets(SSL_CTX *old, SSL_CTX *new) {
    unsigned char keys[TICKET_KEYS];
    if (SSL_CTX_ctrl(old, CTRL_GET_TICKET_KEYS, sizeof keys, keys) == 1)
        SSL_CTX_ctrl(new, CTRL_SET_TICKET_KEYS, sizeof keys, keys);
    explicit_bzero(keys, sizeof keys);
}

int hs_tls_names(SSL_CTX *context, const char *host) {
    X509 *certificate = SSL_CTX_get0_certificate(context);
    return certificate && X509_check_host(certificate, host, 0, 0, NULL) == 1;
}

long hs_tls_seconds_left(SSL_CTX *context) {
    int days = 0, seconds = 0;
    X509 *certificate = SSL_CTX_get0_certificate(context);
    if (!certificate || ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) != 1) return 0;
    return (long)days * 86400 + seconds;
}

SSL *hs_tls_session(SSL_CTX *context, int descriptor) {
    SSL *session = SSL_new(context);
    if (!session) return NULL;
    if (SSL_set_fd(session, descriptor) != 1) {
        SSL_free(session);
        return NULL;
    }
    SSL_set_accept_state(session);
    return session;
}
