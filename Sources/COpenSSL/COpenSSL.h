// OpenSSL's libcrypto: HMAC, MD5, AES-CBC and random bytes for IPMI sessions. BMC is the one module that imports this.
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
