/** Choosing the target of a backend: compiled backends, strategies, breakers, retries, name resolution. No sockets. */
export { type CompiledBackend, compileBackend } from './backend.ts'
export { Breaker, type BreakerEvents, type BreakerLimits } from './breaker.ts'
export {
  type BalancingServices,
  type Choice,
  type ChoiceContext,
  Chooser,
  compileChooser,
  type NoTargetReason,
} from './choose.ts'
export { type ClientPlan, compileProxy, type ProxyPlan, type TimeoutProfile } from './client.ts'
export { DnsCache, DnsFailure, type DnsSettings, type Lookup, type ResolvedAddress } from './dns.ts'
export { type GeoPosition, type InstanceLocation, unknownLocation } from './predicate.ts'
export { MOST_DELAY, type RetryPlan } from './retry.ts'
export type { Balancing, StrategyName } from './strategies/index.ts'
export { systemLookup } from './system-lookup.ts'
export { authorityOf, type CompiledTarget, type TargetProtocol, type TargetTls } from './target.ts'
export { compileWildcard } from './wildcard.ts'
