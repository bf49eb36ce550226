/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codes.h"

const struct qm_word qm_words_keying_module[] = {
	{ "1", "%%8222", "IKEv1" },
	{ "2", "%%8244", "IKEv2" },
	{ 0 },
};

const struct qm_word qm_words_mode[] = {
	{ "transport", "%%8212", "Transport" },
	{ "tunnel", "%%8213", "Tunnel" },
	{ 0 },
};

const struct qm_word qm_words_role[] = {
	{ "initiator", "%%8205", "Initiator" },
	{ "responder", "%%8206", "Responder" },
	{ 0 },
};

const struct qm_word qm_words_point[] = {
	{ "local", "%%8199", "Local computer" },
	{ "remote", "%%8200", "Remote computer" },
	{ 0 },
};

const struct qm_word qm_words_state[] = {
	{ "none", "%%8207", "No state" },
	{ "first-sent", "%%8208", "Sent first (SA) payload" },
	{ "final-sent", "%%8209", "Sent final payload" },
	{ "complete", "%%8210", "Complete" },
	{ 0 },
};

const struct qm_word qm_words_platform_mode[] = {
	{ "transport", "%%16403", "Transport" },
	{ "tunnel", "%%16404", "Tunnel" },
	{ 0 },
};

const struct qm_word qm_words_platform_role[] = {
	{ "responder", "%%16405", "Responder" },
	{ "initiator", "%%16406", "Initiator" },
	{ 0 },
};

/* for 4719: of what the policy is about */
const struct qm_word qm_words_category[] = {
	{ "ipsec-quick-mode", "%%8273", "Logon/Logoff" },
	{ 0 },
};

const struct qm_word qm_words_subcategory[] = {
	{ "ipsec-quick-mode", "%%12549", "IPsec Quick Mode" },
	{ 0 },
};

const struct qm_word qm_words_change[] = {
	{ "success-removed", "%%8448", "Success removed" },
	{ "success-added", "%%8449", "Success Added" },
	{ "failure-removed", "%%8450", "Failure removed" },
	{ "failure-added", "%%8451", "Failure added" },
	{ 0 },
};

/* charon's names, and libreswan's where they differ */
static const struct qm_word integrities[] = {
	{ "HMAC_SHA2_256_128", "%%16394", "SHA-256" },
	{ "HMAC_SHA1_96", "%%16393", "SHA-1" },
	{ "HMAC_MD5_96", "%%16392", "MD5" },
	{ "HMAC_SHA1_160", "%%16393", "SHA-1" },
	{ "HMAC_MD5_128", "%%16392", "MD5" },
	{ "AES_128_GMAC", "%%16407", "AES-GMAC 128" },
	{ "AES_192_GMAC", "%%16408", "AES-GMAC 192" },
	{ "AES_256_GMAC", "%%16409", "AES-GMAC 256" },
	{ "HMAC_SHA2_256", "%%16394", "SHA-256" },
	{ "HMAC_SHA1", "%%16393", "SHA-1" },
	{ "HMAC_MD5", "%%16392", "MD5" },
	{ 0 },
};

static const struct cipher {
	const char *name;
	/** 0 for one that has but one size */
	unsigned ksize;
	struct qm_word word;
} ciphers[] = {
	{ "AES_CBC", 256, { "", "%%16402", "AES-256" } },
	{ "AES_CBC", 192, { "", "%%16401", "AES-192" } },
	{ "AES_CBC", 128, { "", "%%16400", "AES-128" } },
	{ "AES_GCM_16", 256, { "", "%%16397", "AES-GCM 256" } },
	{ "AES_GCM_16", 192, { "", "%%16396", "AES-GCM 192" } },
	{ "AES_GCM_16", 128, { "", "%%16395", "AES-GCM 128" } },
	{ "NULL_AES_GMAC", 256, { "", "%%16409", "AES-GMAC 256" } },
	{ "NULL_AES_GMAC", 192, { "", "%%16408", "AES-GMAC 192" } },
	{ "NULL_AES_GMAC", 128, { "", "%%16407", "AES-GMAC 128" } },
	{ "3DES_CBC", 0, { "", "%%16399", "3DES" } },
	{ "DES_CBC", 0, { "", "%%16398", "DES" } },
	{ "AES", 256, { "", "%%16402", "AES-256" } },
	{ "AES", 192, { "", "%%16401", "AES-192" } },
	{ "AES", 128, { "", "%%16400", "AES-128" } },
	{ "AES_GCM_C", 256, { "", "%%16397", "AES-GCM 256" } },
	{ "AES_GCM_C", 192, { "", "%%16396", "AES-GCM 192" } },
	{ "AES_GCM_C", 128, { "", "%%16395", "AES-GCM 128" } },
};

/* what their names begin with */
static const struct qm_span combined[] = {
	{ "AES_GCM", 7 },       { "AES_CCM", 7 },        { "CHACHA20_POLY1305", 17 },
	{ "CAMELLIA_CCM", 12 }, { "NULL_AES_GMAC", 13 },
};

/* RFC 7296's errors as records name them, and vici's alerts, after what they say */
static const struct qm_winerror errors[] = {
	{ "proposal-mismatch-child", 13868, "Policy match error" },
	{ "no-proposal-chosen", 13868, "Policy match error" },
	{ "ts-mismatch", 13825, "No policy configured" },
	{ "ts-unacceptable", 13825, "No policy configured" },
	{ "retransmit-send-timeout", 13805, "Negotiation timed out" },
	{ "half-open-timeout", 13805, "Negotiation timed out" },
	{ "invalid-ke-payload", 13865, "Invalid Diffie-Hellman group" },
	{ "invalid-key-information", 13865, "Invalid Diffie-Hellman group" },
	{ "local-auth-failed", 13801, "IKE authentication credentials are unacceptable" },
	{ "peer-auth-failed", 13801, "IKE authentication credentials are unacceptable" },
	{ "authentication-failed", 13801, "IKE authentication credentials are unacceptable" },
	{ "authorization-failed", 13905, "SA establishment is not authorized" },
	{ "vip-failure", 13899,
	  "Error in assigning inner IP address to initiator in tunnel mode" },
	{ "internal-address-failure", 13899,
	  "Error in assigning inner IP address to initiator in tunnel mode" },
	{ "failed-cp-required", 13900, "Require configuration payload missing" },
	{ "install-child-sa-failed", 13860,
	  "Failed to add Security Association to IPsec Driver. The most common cause for "
	  "this is if the IKE negotiation took too long to complete. If the problem "
	  "persists, reduce the load on the faulting machine." },
	{ "install-child-policy-failed", 13858, "Given filter is invalid" },
	{ "spi-allocation-failed", 13857,
	  "Failed to obtain new SPI for the inbound SA from IPsec driver. The most common "
	  "cause for this is that the driver does not have the correct filter. Check your "
	  "policy to verify the filters." },
	{ "parse-error-body", 13843, "Invalid payload received" },
	{ "invalid-syntax", 13843, "Invalid payload received" },
	{ "payload-malformed", 13843, "Invalid payload received" },
	{ "unsupported-critical-payload", 13823,
	  "Don't know how to process critical payload" },
	{ "invalid-message-id", 13888, "Received unexpected message ID" },
	{ "invalid-ike-spi", 13846, "Invalid cookie received" },
	{ "invalid-cookie", 13846, "Invalid cookie received" },
	{ "invalid-major-version", 13880,
	  "The recipient cannot handle version of IKE specified in the header" },
	{ "invalid-id-information", 13869, "Unsupported ID" },
	{ "no-additional-sas", 13884,
	  "Reached maximum quick mode limit for the main mode. New main mode will be "
	  "started." },
	{ "shutdown", 13891, "IKE service is shutting down" },
	{ "ike-deleted", 13885,
	  "Main mode SA lifetime expired or peer sent a main mode delete" },
	{ "ike-sa-expired", 13885,
	  "Main mode SA lifetime expired or peer sent a main mode delete" },
	{ "reauthenticated", 13808, "IKE SA deleted before establishment completed" },
	{ "unique-replace", 13808, "IKE SA deleted before establishment completed" },
	{ NULL, 13816, "Unknown error occurred" },
};

const struct qm_word *qm_word_find(const struct qm_word *list, struct qm_span word)
{
	for (; list->word; list++) {
		if (qm_span_is(word, list->word)) {
			return list;
		}
	}
	return NULL;
}

const struct qm_word *qm_code_integrity(struct qm_span name)
{
	return qm_word_find(integrities, name);
}

const struct qm_word *qm_code_cipher(struct qm_span name, unsigned ksize,
									 bool *ret_combined)
{
	*ret_combined = false;
	for (size_t i = 0; i < sizeof(combined) / sizeof(combined[0]); i++) {
		*ret_combined = *ret_combined || qm_span_starts(name, combined[i]);
	}
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		if ((!ciphers[i].ksize || ciphers[i].ksize == ksize) &&
			qm_span_is(name, ciphers[i].name)) {
			return &ciphers[i].word;
		}
	}
	return NULL;
}

const struct qm_winerror *qm_winerror_find(struct qm_span reason)
{
	const struct qm_winerror *error = errors;

	while (error->reason && !qm_span_is(reason, error->reason)) {
		error++;
	}
	return error;
}
