// The few OpenSSL 3 functions that the relay uses, declared by hand: libcurl4 brings libcrypto.so.3 with it, but not
// OpenSSL's headers. Signatures after OpenSSL's manual, section 3: EVP_MAC, EVP_DigestInit, OSSL_PARAM, CRYPTO_memcmp, RAND_bytes.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct evp_mac_st EVP_MAC;
typedef struct evp_mac_ctx_st EVP_MAC_CTX;
typedef struct ossl_param_st {
    const char *key;
    unsigned int data_type;
    void *data;
    size_t data_size;
    size_t return_size;
} OSSL_PARAM;

EVP_MAC *EVP_MAC_fetch(void *library, const char *algorithm, const char *properties);
EVP_MAC_CTX *EVP_MAC_CTX_new(EVP_MAC *mac);
void EVP_MAC_CTX_free(EVP_MAC_CTX *context);
int EVP_MAC_update(EVP_MAC_CTX *context, const unsigned char *data, size_t count);
int EVP_MAC_final(EVP_MAC_CTX *context, unsigned char *out, size_t *written, size_t capacity);
int CRYPTO_memcmp(const void *one, const void *other, size_t count);
int RAND_bytes(unsigned char *bytes, int count);
int EVP_Q_digest(
    void *library, const char *algorithm, const char *properties, const void *data, size_t count, unsigned char *out,
    size_t *written);

/// A context of HMAC with a digest ("SHA256") and a key; NULL if libcrypto refuses.
EVP_MAC_CTX *hs_hmac_new(const char *digest, const unsigned char *key, size_t count);
/// Begins another message under the same key: an init without a key keeps the one there is. 1 on success.
int hs_hmac_begin(EVP_MAC_CTX *context);
/// Signs with Ed25519 (RFC 8032), given the 32 bytes of a private key; `public_key` (32 bytes) may be NULL. 1 on success.
int hs_ed25519_sign(
    const unsigned char *seed, const unsigned char *message, size_t count, unsigned char signature[64],
    unsigned char *public_key);
