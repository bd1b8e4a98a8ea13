// What the files of this target share of libssl.so.3 and libcrypto.so.3, declared by hand after OpenSSL's manual, section 3.
#pragma once
#include "CTLS.h"
#include <stdint.h>
#include <string.h>

typedef struct ssl_method_st SSL_METHOD;

SSL_CTX *SSL_CTX_new(const SSL_METHOD *method);
long SSL_CTX_ctrl(SSL_CTX *context, int command, long number, void *pointer);
int SSL_CTX_use_certificate_chain_file(SSL_CTX *context, const char *path);
int SSL_CTX_use_PrivateKey_file(SSL_CTX *context, const char *path, int type);
int SSL_CTX_check_private_key(const SSL_CTX *context);
int SSL_CTX_load_verify_file(SSL_CTX *context, const char *path);
void SSL_CTX_set_verify(SSL_CTX *context, int mode, void *callback);
SSL *SSL_new(SSL_CTX *context);
int SSL_set_fd(SSL *session, int descriptor);
unsigned long ERR_peek_last_error(void);
const char *ERR_reason_error_string(unsigned long error);
void ERR_clear_error(void);

// Numbers of ssl.h and tls1.h.
enum {
    CTRL_MODE = 33,
    CTRL_SET_MIN_PROTO_VERSION = 123,
    VERSION_1_2 = 0x0303,
    MODE = 1 | 2 | 16, // partial writes, from buffers that move; buffers are released while a session is idle
    FILETYPE_PEM = 1,
};

/// Writes down why OpenSSL's last call failed, and forgets it.
static inline void explain(char *reason, size_t capacity) {
    const char *text = ERR_reason_error_string(ERR_peek_last_error());
    strncpy(reason, text ? text : "no reason given", capacity - 1);
    reason[capacity - 1] = 0;
    ERR_clear_error();
}
