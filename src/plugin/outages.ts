/** What the snow monkey of the global configuration does to routes. */

/** Faults as the global configuration has them (`chaosConfig`). */
export type ChaosSettings = Readonly<Record<string, unknown>>

export interface Outages {
  /**
   * `null`: the snow monkey sleeps, and routes have the faults of their own settings. `calm`: it is awake, and leaves this
   * route alone. Else the faults it injects now.
   */
  faultsFor(routeId: string): ChaosSettings | 'calm' | null
}
