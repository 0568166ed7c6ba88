/**
 * For backends in Node behind the gateway: is this request from the gateway, whom does it come from, and what must go into
 * the answer so that the gateway believes it?
 *
 * Guarantees: a request is believed when its tokens are signed as agreed, are for this backend and not out of date; secrets
 * and signatures are compared in constant time; nothing is remembered and nothing is called. Stands alone: needs Node only.
 * Not guaranteed: that a token is seen once. Whoever can read the traffic between gateway and backend can replay a token
 * until it expires; use TLS there.
 */
export type {
  BackendSettings,
  HmacKey,
  PrivateHalf,
  PublicHalf,
  SigningKey,
  VerifyingKey,
} from './settings.ts'
export {
  type ApikeyInfo,
  type Believed,
  type IncomingFields,
  type Refused,
  type UserInfo,
  verifyOtoroshiRequest,
} from './verify.ts'
