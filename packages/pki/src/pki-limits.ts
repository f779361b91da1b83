/** Bounds and durations of the PKI by name. */
export const pkiLimits = {
  /** RSA modulus, bits: 128-bit security by NIST SP 800-57, and generated in a fraction of a second. */
  rsaBits: 3072,
  caValidityDays: 3650,
  /** Server and client certificates, days; the ceiling that browsers and Apple's trust policy settled on. */
  leafValidityDays: 825,
  /** Longest validity that may be asked for, days. No certificate outlives its CA. */
  validityDaysMax: 3650,
  /** Certificates are valid from this long before they are made, so that a machine whose clock is late accepts them. */
  clockSkewMs: 5 * 60_000,
  /** A certificate with less time left than this is reported when it is loaded, and renewed by `initPki` if it is the server's. */
  expiryWarningDays: 30,
  /** Host names and addresses in one server certificate. */
  hostsMax: 100,
  /** Client names that a message lists before it says how many more there are. */
  namesListedMax: 20,
  /** Largest PEM file that is read, bytes. */
  pemBytesMax: 1 << 20,
} as const;

export const dayMs = 86_400_000;
