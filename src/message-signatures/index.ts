/**
 * HTTP message signatures (RFC 9421) and content digests (RFC 9530).
 *
 * Guarantees: what cannot be read, named or computed unambiguously is a fault and never an empty value; a key serves one algorithm
 * that its type, size and curve fit; secrets are compared in constant time. Not done here: which components must be signed, how
 * old a signature may be, where keys come from, whether a nonce was used before.
 */
export { type Algorithm, algorithms, keyFits, signs, verifies } from './algorithm.ts'
export { contentDigest, type DigestAlgorithm, digestFault } from './content-digest.ts'
export { SignatureFault } from './fault.ts'
export { inlineKey, secretOf } from './inline-key.ts'
export { readComponents, signatureBase } from './signature-base.ts'
export { type Candidate, readCandidates, type SignatureParameters } from './signature-fields.ts'
export type { SignedMessage, SignedRequest } from './component-value.ts'
export { writeSignature } from './write-signature.ts'
