/** Audiences for tests. */
import type { Acknowledgement, Delta, EntityFault } from '../../revision/delta.ts'
import { SharedTexts } from '../../revision/shared-texts.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { RevisionAudience } from '../revision-audience.ts'

/** What a thread would hold after applying deltas: `<kind>/<id>` → text. */
export type Replica = Map<string, string>

/** The delta with the texts that stand in shared memory. */
export function withTexts(control: ControlPlane, delta: Delta): Delta {
  const shared = control.sharedTexts
  const text = (kind: string, id: string) => new SharedTexts(shared[kind]!).get(id) ?? '(gone)'
  const writes = delta.writes.map(({ kind, id, json }) => ({ kind, id, json: json ?? text(kind, id) }))
  return { ...delta, writes }
}

export function applyDelta(replica: Replica, delta: Delta): void {
  if (delta.full) replica.clear()
  for (const { kind, id } of delta.removals) replica.delete(`${kind}/${id}`)
  for (const { kind, id, json } of delta.writes) replica.set(`${kind}/${id}`, json ?? '(shared)')
}

/** Remembers what was published; answers as `answer` says. */
export class RecordingAudience implements RevisionAudience {
  readonly deltas: Delta[] = []
  readonly replica: Replica = new Map()
  answer: (delta: Delta) => Promise<readonly Acknowledgement[]> | readonly Acknowledgement[]
  inFlight = 0
  overlapped = false
  /** Whose revisions these are: their texts are then seen as if they were in the deltas. */
  control: ControlPlane | null = null

  constructor(faults: (delta: Delta) => readonly EntityFault[] = () => []) {
    this.answer = delta => [{ revision: delta.revision, faults: faults(delta) }]
  }

  async publish(published: Delta): Promise<readonly Acknowledgement[]> {
    const delta = this.control === null ? published : withTexts(this.control, published)
    this.deltas.push(delta)
    applyDelta(this.replica, delta)
    if (this.inFlight > 0) this.overlapped = true
    this.inFlight++
    try {
      await new Promise(resolve => setImmediate(resolve))
      return await this.answer(delta)
    } finally {
      this.inFlight--
    }
  }
}
