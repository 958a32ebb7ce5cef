// OpenSSL's libcrypto: HMAC, MD5 and AES-CBC for IPMI sessions. BMC is the one module that imports this.
#include <openssl/evp.h>
#include <openssl/hmac.h>
