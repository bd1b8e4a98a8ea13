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
