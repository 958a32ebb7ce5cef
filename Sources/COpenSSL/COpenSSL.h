// OpenSSL's libcrypto: HMAC, MD5, AES-CBC and random bytes for IPMI sessions (BMC), SHA-512 of fetched files (AssetCache).
// Nobody else imports this.
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
