/**
 * Nonces that were used: each is good once for a time, over all threads of the instance.
 *
 * Guarantees: memory is that of the counters, which is bounded. Not guaranteed: that a nonce is remembered while more subjects are
 * counted than there is place for; that other instances know it.
 */
import { PASS, TAKE } from '../../limits/tally.ts'
import { windowPlan } from '../../limits/plan.ts'
import type { PluginServices } from '../../plugin/index.ts'

/** True when the nonce was used before; it is used from now on. */
export type ReplayGuard = (nonce: string) => boolean

/** `seconds`: how long a nonce is remembered at least. */
export function replayGuard(seconds: number, { route, slot, counting }: PluginServices): ReplayGuard {
  const plan = windowPlan(1, seconds * 1000)
  const group = `nonce ${route.id} ${slot}`
  return nonce => counting.stepNow(counting.tally('node', nonce, group), plan, TAKE) !== PASS
}
