// OpenSSL's libcrypto: HMAC, MD5, AES-CBC and random bytes for IPMI sessions (BMC), SHA-512 of fetched files (AssetCache), X.509
// (Certificates). Nobody else imports this.
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
