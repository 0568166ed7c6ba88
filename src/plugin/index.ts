/** What a plugin author imports: the contract, answers, attributes, reasons and the schema language. */
export { alertedRequest } from '../events/alert-event.ts'
export { schema } from '../schema/index.ts'
export * from './answer.ts'
export * from './attributes.ts'
export { BodyFault } from './body-fault.ts'
export { BodyTooLarge } from './body-too-large.ts'
export { countCall, type Limit, tellOver } from './counted-calls.ts'
export { addressLimit, globalLimit } from './global-limits.ts'
export * from './contract.ts'
export {
  apikeyAttribute,
  apikeyClaimsAttribute,
  canaryIdAttribute,
  eventExtrasAttribute,
  expressionValuesAttribute,
  geolocationAttribute,
  countedCallAttribute,
  hypotheticalAttribute,
  inputTokenAttribute,
  outputTokenAttribute,
  userAgentAttribute,
  userAttribute,
} from './known-attributes.ts'
export type { AlgoSettings, JwtServices, JwtVerifier, TokenKeys, VerifiedTokens } from './jwt-services.ts'
export type { InstanceReport, InstanceServices, ReportQuestion } from './instance-services.ts'
export type { HashQuestion, HashVerdict, Logins, PasswordVerdict } from './logins.ts'
export type { Board } from './board.ts'
export type { ChaosSettings, Outages } from './outages.ts'
export * from './outgoing-calls.ts'
export { isOwnHost, ownHosts } from './own-hosts.ts'
export { tenantOf } from './route-tenant.ts'
export { stringHash } from './string-hash.ts'
export { type Reason, type ReasonCode, reasons } from './reasons.ts'
