#include "CCrypto.h"
#include <string.h>

int EVP_MAC_init(EVP_MAC_CTX *context, const unsigned char *key, size_t count, const OSSL_PARAM *parameters);
OSSL_PARAM OSSL_PARAM_construct_utf8_string(const char *key, char *text, size_t size);
OSSL_PARAM OSSL_PARAM_construct_end(void);

EVP_MAC_CTX *hs_hmac_new(const char *digest, const unsigned char *key, size_t count) {
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (!mac) return NULL;
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    if (!context) return NULL;
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string("digest", (char *)digest, 0),
        OSSL_PARAM_construct_end(),
    };
    // An empty key needs an address all the same: NULL would mean "the key of before".
    static const unsigned char nothing = 0;
    if (EVP_MAC_init(context, count ? key : &nothing, count, parameters) != 1) {
        EVP_MAC_CTX_free(context);
        return NULL;
    }
    return context;
}

int hs_hmac_begin(EVP_MAC_CTX *context) { return EVP_MAC_init(context, NULL, 0, NULL); }

typedef struct evp_pkey_st EVP_PKEY;
typedef struct evp_md_ctx_st EVP_MD_CTX;
EVP_PKEY *EVP_PKEY_new_raw_private_key(int type, void *engine, const unsigned char *key, size_t count);
int EVP_PKEY_get_raw_public_key(const EVP_PKEY *key, unsigned char *bytes, size_t *count);
void EVP_PKEY_free(EVP_PKEY *key);
EVP_MD_CTX *EVP_MD_CTX_new(void);
void EVP_MD_CTX_free(EVP_MD_CTX *context);
int EVP_DigestSignInit(EVP_MD_CTX *context, void **key_context, const void *digest, void *engine, EVP_PKEY *key);
int EVP_DigestSign(
    EVP_MD_CTX *context, unsigned char *signature, size_t *length, const unsigned char *message, size_t count);
enum { PKEY_ED25519 = 1087 };

int hs_ed25519_sign(
    const unsigned char *seed, const unsigned char *message, size_t count, unsigned char signature[64],
    unsigned char *public_key) {
    size_t length = 64, public_length = 32;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(PKEY_ED25519, NULL, seed, 32);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int done = key && context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1
        && EVP_DigestSign(context, signature, &length, message, count) == 1
        && (!public_key || EVP_PKEY_get_raw_public_key(key, public_key, &public_length) == 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return done;
}
