// The few OpenSSL 3 functions that the relay uses, declared by hand: libcurl4 brings libcrypto.so.3 with it, but not
// OpenSSL's headers. Signatures after OpenSSL's manual, section 3.
#pragma once
#include <stddef.h>
#include <stdint.h>
