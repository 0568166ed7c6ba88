/** What a plugin author imports: the contract, answers, attributes, reasons and the schema language. */
export { schema } from '../schema/index.ts'
export * from './answer.ts'
export * from './attributes.ts'
export { BodyTooLarge } from './body-too-large.ts'
export * from './contract.ts'
export { apikeyAttribute, apikeyClaimsAttribute, userAttribute } from './known-attributes.ts'
export { type Reason, type ReasonCode, reasons } from './reasons.ts'
