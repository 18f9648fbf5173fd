#pragma once
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

// Macros around variadic functions, which Swift has neither of.
static inline EVP_PKEY *martlet_tls_new_p256(void) { return EVP_EC_gen("P-256"); }
static inline EVP_PKEY *martlet_tls_new_rsa(void) { return EVP_RSA_gen(2048); }

static inline int martlet_tls_extend(X509 *certificate, X509 *issuer, int what, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, what, value);
    int added = extension != NULL && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

// A certificate for `key`, good from an hour ago. Without an issuer it is an authority that signs itself; `names` is what
// the extension subjectAltName says, such as "DNS:localhost,IP:127.0.0.1". NULL: something is wrong with a name.
static inline X509 *martlet_tls_certificate(
    EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, const char *name, const char *names, long seconds) {
    X509 *certificate = X509_new();
    BIGNUM *number = BN_new();
    int made = certificate != NULL && number != NULL && BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY)
        && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL && X509_set_version(certificate, 2)
        && X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != NULL
        && X509_gmtime_adj(X509_getm_notAfter(certificate), seconds) != NULL && X509_set_pubkey(certificate, key)
        && X509_NAME_add_entry_by_txt(
            X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
    X509 *signer = issuer != NULL ? issuer : certificate;
    made = made && X509_set_issuer_name(certificate, X509_get_subject_name(signer))
        && martlet_tls_extend(
            certificate, signer, NID_basic_constraints, issuer != NULL ? "critical,CA:FALSE" : "critical,CA:TRUE,pathlen:0")
        && martlet_tls_extend(
            certificate, signer, NID_key_usage, issuer != NULL ? "critical,digitalSignature" : "critical,keyCertSign,cRLSign")
        && martlet_tls_extend(certificate, signer, NID_subject_key_identifier, "hash")
        && (issuer == NULL || martlet_tls_extend(certificate, signer, NID_ext_key_usage, "serverAuth"))
        && (names == NULL || martlet_tls_extend(certificate, signer, NID_subject_alt_name, names))
        && X509_sign(certificate, issuer_key != NULL ? issuer_key : key, EVP_sha256());
    BN_free(number);
    if (!made) {
        X509_free(certificate);
        certificate = NULL;
    }
    return certificate;
}

// What is in a memory BIO; macros again.
static inline long martlet_tls_bio_bytes(BIO *bio, char **bytes) { return BIO_get_mem_data(bio, bytes); }

// Picks HTTP/2 where the client has it, else HTTP/1.1, else nothing.
static inline int martlet_tls_pick(
    SSL *ssl, const unsigned char **picked, unsigned char *length, const unsigned char *offered, unsigned int count,
    void *unused) {
    static const unsigned char ours[] = "\x02h2\x08http/1.1";
    (void)ssl, (void)unused;
    return SSL_select_next_proto((unsigned char **)picked, length, ours, sizeof ours - 1, offered, count)
            == OPENSSL_NPN_NEGOTIATED
        ? SSL_TLSEXT_ERR_OK
        : SSL_TLSEXT_ERR_NOACK;
}
static inline void martlet_tls_set_alpn(SSL_CTX *context) {
    SSL_CTX_set_alpn_select_cb(context, martlet_tls_pick, NULL);
}
static inline int martlet_tls_at_least_1_2(SSL_CTX *context) {
    return (int)SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}
