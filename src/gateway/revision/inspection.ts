/**
 * Looks at routes that were not compiled when their revision came (there are too many, or something they use has changed), so
 * that their faults are known before anybody calls them. Works in the background, one route per turn of the event loop.
 */
import type { EntityFault, EntityRemoval } from '../../revision/delta.ts'
import type { CompiledRoute } from '../compile/compiled-route.ts'

/** What was found. `inspected` names everything that was looked at, well or not. */
export type InspectionReport = (
  revision: number,
  faults: readonly EntityFault[],
  inspected: readonly EntityRemoval[],
) => void

/** What is asked of the revision: entities and routes by router key. */
export interface InspectedRevision {
  readonly number: () => number
  readonly entityOf: (key: string) => EntityRemoval
  readonly compile: (key: string) => Promise<CompiledRoute>
}

/** Entities above which looking begins later, and how many milliseconds. */
const MANY = 5000
const LATER = 2000

/** Routes that leave so much behind when they were looked at that it should be collected. */
const LEAVING = 2000

/** Entities reported at once at most. */
const BATCH = 100

export class Inspection {
  readonly #report: InspectionReport
  readonly #revision: InspectedRevision
  readonly #left: () => void
  /** Router keys. */
  readonly #waiting = new Set<string>()
  #running = false

  constructor(revision: InspectedRevision, report: InspectionReport, left: () => void) {
    this.#revision = revision
    this.#report = report
    this.#left = left
  }

  add(key: string): void {
    this.#waiting.add(key)
    if (this.#running) return
    this.#running = true
    setImmediate(() => void this.#work())
  }

  /** The route is gone, or was compiled meanwhile. */
  forget(key: string): void {
    this.#waiting.delete(key)
  }

  async #work(): Promise<void> {
    let faults: EntityFault[] = []
    let inspected: EntityRemoval[] = []
    let looked = 0
    // A start with many routes: the other threads are still at work on theirs.
    if (this.#waiting.size > MANY) await new Promise(resolve => setTimeout(resolve, LATER))
    for (let next = this.#next(); next !== null; next = this.#next()) {
      this.#waiting.delete(next)
      const { kind, id } = this.#revision.entityOf(next)
      const compiled = await this.#revision.compile(next)
      const fault = faultOf(kind, id, compiled)
      compiled.retire()
      if (fault !== null) faults.push(fault)
      inspected.push({ kind, id })
      looked++
      if (inspected.length >= BATCH) {
        this.#report(this.#revision.number(), faults, inspected)
        faults = []
        inspected = []
      }
      await new Promise(resolve => setImmediate(resolve))
    }
    this.#running = false
    if (inspected.length > 0) this.#report(this.#revision.number(), faults, inspected)
    if (looked > LEAVING) this.#left()
  }

  #next(): string | null {
    return this.#waiting.keys().next().value ?? null
  }
}

/** The fault of a closed route, for its status. */
export function faultOf(kind: string, id: string, compiled: CompiledRoute): EntityFault | null {
  const { closed } = compiled.parts
  if (closed === null) return null
  const message = [closed.subject, closed.detail].filter(text => text !== null).join(': ')
  return { kind, id, reason: closed.reason, message }
}
