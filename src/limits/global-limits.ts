/** What the global configuration of the revision in force says of limits. */
import { PLENTY } from './plan.ts'

export interface GlobalLimits {
  /** Calls of all routes together per throttling window. */
  readonly calls: number
  /** Calls of one address per throttling window. */
  readonly perAddress: number
  /** When quotas of API keys raise alerts. */
  readonly alerts: {
    readonly enabled: boolean
    /** Share of the quota from which one is nearly used up, 0 to 1. */
    readonly daily: number
    readonly monthly: number
  }
}

export const noGlobalLimits: GlobalLimits = Object.freeze({
  calls: PLENTY,
  perAddress: PLENTY,
  alerts: Object.freeze({ enabled: false, daily: 0.8, monthly: 0.8 }),
})

/** False for a number that means no limit. */
export function isLimit(calls: number): boolean {
  return calls < PLENTY
}
