/**
 * Faults of single entities as the data plane reported them: why a route is closed.
 *
 * Guarantees: a fault stays until a later revision compiles its entity without one, or the entity is gone; what a slow
 * thread says about an older state of an entity is ignored.
 */
import type { Acknowledgement, Delta, EntityFault } from '../revision/delta.ts'

/** How an entity fares on the data plane. */
export interface EntityStatus {
  /** Revision that was last compiled with this result; 0 when nothing was reported. */
  readonly revision: number
  /** Empty: it serves. */
  readonly faults: readonly EntityFault[]
}

const fine: EntityStatus = Object.freeze({ revision: 0, faults: Object.freeze([]) })

interface Named {
  readonly kind: string
  readonly id: string
}

export class EntityStatuses {
  readonly #faulty = new Map<string, EntityStatus>()

  of(kind: string, id: string): EntityStatus {
    return this.#faulty.get(keyOf({ kind, id })) ?? fine
  }

  /** Every fault there is. */
  all(): EntityFault[] {
    return [...this.#faulty.values()].flatMap(status => status.faults)
  }

  get count(): number {
    return this.#faulty.size
  }

  /** The data plane has taken `delta` and says this. `writtenIn` answers the revision an entity was last written in. */
  record(delta: Delta, acks: readonly Acknowledgement[], writtenIn: (entity: Named) => number): void {
    const fresh = new Map<string, EntityFault[]>()
    for (const ack of acks)
      for (const fault of ack.faults) {
        if (writtenIn(fault) > delta.revision) continue
        const key = keyOf(fault)
        const known = fresh.get(key)
        if (known === undefined) fresh.set(key, [fault])
        else if (!known.some(f => f.reason === fault.reason && f.message === fault.message)) known.push(fault)
      }
    if (acks.length > 0) this.#settle(delta, acks, fresh)
    for (const removal of delta.removals) this.#faulty.delete(keyOf(removal))
    for (const [key, faults] of fresh) this.#add(key, delta.revision, faults)
  }

  // Entities that were compiled anew and have no fault now are well again. A full delta proves nothing by itself: a
  // thread that joins compiles most routes when they are first called.
  #settle(delta: Delta, acks: readonly Acknowledgement[], fresh: ReadonlyMap<string, unknown>): void {
    const settle = (entity: Named) => {
      const key = keyOf(entity)
      const status = this.#faulty.get(key)
      if (status === undefined || fresh.has(key)) return
      if (status.revision < delta.revision || delta.full) this.#faulty.delete(key)
    }
    if (!delta.full) delta.writes.forEach(settle)
    for (const ack of acks) ack.recompiled?.forEach(settle)
  }

  #add(key: string, revision: number, faults: readonly EntityFault[]): void {
    const known = this.#faulty.get(key)
    if (known !== undefined && known.revision > revision) return
    if (known === undefined || known.revision < revision) {
      this.#faulty.set(key, { revision, faults })
      return
    }
    const more = faults.filter(f => !known.faults.some(k => k.reason === f.reason && k.message === f.message))
    if (more.length > 0) this.#faulty.set(key, { revision, faults: [...known.faults, ...more] })
  }
}

function keyOf(entity: Named): string {
  return `${entity.kind}/${entity.id}`
}
