/**
 * Changes the secrets of API keys that rotate.
 *
 * Guarantees: a key and the state of its rotation change in one commit on what was read, so of several instances one does it and
 * a crash leaves either all of it or nothing; each phase is announced once; while the store is away the secrets that are there
 * stay good. Keys that do not rotate cost one look at their text when the gateway starts and when they change.
 */
import type { Apikey } from '../../model/kinds/apikey.ts'
import { apikey as kind } from '../../model/kinds/apikey.ts'
import type { EntityDefinition } from '../../model/entity.ts'
import { randomToken } from '../../model/ids.ts'
import type { Delta } from '../../revision/delta.ts'
import { StoreConflict } from '../../store/contract.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { IndexedEntity } from '../indexed-entity.ts'
import { Turns } from '../turns.ts'
import { endOf, readState, rotates, type RotationStep, stepOf, writeState } from './rotation-state.ts'

export interface SecretRotationOptions {
  readonly control: ControlPlane
  /** The secret to come is there, and the grace period begins. */
  readonly onAnnounced: (key: Apikey) => void
  /** The secret to come is in force. */
  readonly onExchanged: (before: Apikey, after: Apikey) => void
  /** When secrets are exchanged, epoch milliseconds; null for a key that does not rotate any more. */
  readonly onTimes: (times: ReadonlyMap<string, number | null>) => void
  readonly onFailure: (error: unknown) => void
  /** Epoch milliseconds. */
  readonly now?: () => number
}

/** Keys whose text says that they may rotate: the others are not parsed. */
const ASKS = /"rotation"\s*:\s*\{[^}]*"enabled"\s*:\s*true/
const definition = kind as EntityDefinition
/** Milliseconds after which a key is looked at again in any case: another instance may have done something. */
const LONGEST_WAIT = 600_000
/** Before a key is tried again that another instance changed, and before any is while the store is away. */
const AGAIN = 1_000
const AGAIN_AFTER_FAILURE = 30_000

export class SecretRotation {
  readonly #options: SecretRotationOptions
  readonly #now: () => number
  /** Key that rotates → when to look at it, epoch milliseconds. */
  readonly #due = new Map<string, number>()
  /** Key → when its secret is exchanged, as it was told. */
  readonly #told = new Map<string, number>()
  #timer: NodeJS.Timeout | null = null
  #working: Promise<void> | null = null
  /** The store could not be asked: nobody is looked at before, epoch milliseconds. */
  #pausedUntil = 0
  #closed = false

  constructor(options: SecretRotationOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  /** Looks for the keys that rotate: once, when the store is loaded. Lets other work run. */
  async start(): Promise<void> {
    const turns = new Turns(5)
    const { control } = this.#options
    for (const entity of control.list(definition)) {
      if (this.#closed) return
      if (ASKS.test(entity.json)) this.#due.set(entity.id, 0)
      await turns.pause()
    }
    await this.#forgetOthers()
    this.#schedule()
  }

  /** Follows a delta that was published. */
  follow({ writes, removals }: Delta): void {
    let touched = false
    for (const { kind: named, id } of [...writes, ...removals]) {
      if (named !== kind.kind) continue
      const entity = this.#options.control.get(definition, id)
      if (!this.#due.has(id) && (entity === null || !ASKS.test(entity.json))) continue
      this.#due.set(id, 0)
      touched = true
    }
    if (touched) this.#schedule()
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#working
  }

  #schedule(): void {
    if (this.#closed || this.#working !== null) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#due.size === 0) return
    let next = Number.POSITIVE_INFINITY
    for (const due of this.#due.values()) if (due < next) next = due
    const wait = Math.min(LONGEST_WAIT, Math.max(0, Math.max(next, this.#pausedUntil) - this.#now()))
    this.#timer = setTimeout(() => void this.run(), wait).unref()
  }

  /** Does what is due now. Never rejects. */
  run(): Promise<void> {
    this.#working ??= this.#work()
      .catch(error => this.#options.onFailure(error))
      .finally(() => {
        this.#working = null
        this.#schedule()
      })
    return this.#working
  }

  async #work(): Promise<void> {
    const times = new Map<string, number | null>()
    for (const [id, due] of [...this.#due]) {
      if (this.#closed) return
      if (due > this.#now()) continue
      // A change that comes meanwhile sets it to 0 again, and the key is looked at once more.
      this.#due.set(id, this.#now() + LONGEST_WAIT)
      try {
        const again = await this.#look(id, times)
        if (this.#due.get(id) !== 0) this.#note(id, again)
      } catch (error) {
        if (this.#closed) return
        this.#due.set(id, this.#now() + AGAIN)
        if (error instanceof StoreConflict) continue
        this.#pausedUntil = this.#now() + AGAIN_AFTER_FAILURE
        this.#options.onFailure(error)
        break
      }
    }
    this.#tell(times)
  }

  #note(id: string, due: number | null): void {
    if (due === null) this.#due.delete(id)
    else this.#due.set(id, due)
  }

  #tell(times: ReadonlyMap<string, number | null>): void {
    const changed = new Map([...times].filter(([id, at]) => at !== (this.#told.get(id) ?? null)))
    for (const [id, at] of changed)
      if (at === null) this.#told.delete(id)
      else this.#told.set(id, at)
    if (changed.size > 0) this.#options.onTimes(changed)
  }

  /** Does what is to be done with a key; answers when to look again, null: never. */
  async #look(id: string, times: Map<string, number | null>): Promise<number | null> {
    const { control } = this.#options
    const key = keyIn(control.get(definition, id))
    const place = `${control.stored.root}:apikeys-rotation:${id}`
    const { store } = control.stored
    const text = await store.get(place)
    if (key === null || !rotates(key)) {
      times.set(id, null)
      if (text !== null) await store.commit([{ key: place, value: null }], [{ key: place, value: text }])
      return null
    }
    const known = readState(text)
    const step = stepOf(key, known, this.#now())
    if (step.action === 'wait') {
      times.set(id, endOf(key, known!))
      return Math.min(step.due, this.#now() + LONGEST_WAIT)
    }
    await this.#do(key, step, { place, text })
    times.set(id, endOf(key, step.state))
    return 0
  }

  async #do(
    key: Apikey,
    step: Exclude<RotationStep, { readonly action: 'wait' }>,
    { place, text }: { readonly place: string; readonly text: string | null },
  ): Promise<void> {
    const { control, onAnnounced, onExchanged } = this.#options
    const beside = {
      changes: [{ key: place, value: writeState(step.state) }],
      preconditions: [{ key: place, value: text }],
    }
    const offered = key.rotation.nextSecret ?? ''
    if (step.action === 'begin' || (step.action === 'announce' && offered !== '')) {
      await control.stored.store.commit(beside.changes, beside.preconditions)
      if (step.action === 'announce') onAnnounced(key)
      return
    }
    const fresh = randomToken(64)
    const outcome = await control.change({
      definition,
      id: key.clientId,
      beside,
      transition(current) {
        const now = keyIn(current)
        // Somebody changed the key: what is to be done may be another thing.
        if (
          now === null ||
          now.clientSecret !== key.clientSecret ||
          (now.rotation.nextSecret ?? '') !== offered
        )
          return { action: 'keep' }
        if (!rotates(now)) return { action: 'keep' }
        const rotation = { ...now.rotation, nextSecret: step.action === 'announce' ? fresh : null }
        if (step.action === 'announce') return { action: 'write', entity: { ...now, rotation } }
        return {
          action: 'write',
          entity: { ...now, clientSecret: offered === '' ? fresh : offered, rotation },
        }
      },
    })
    const after = keyIn(outcome.after)
    if (!outcome.changed || after === null) return
    if (step.action === 'announce') onAnnounced(after)
    else onExchanged(key, after)
  }

  /** States of keys that are gone, or rotate no more, are nobody's. */
  async #forgetOthers(): Promise<void> {
    const { store, root } = this.#options.control.stored
    const prefix = `${root}:apikeys-rotation:`
    try {
      for await (const batch of store.scan(prefix))
        for (const { key } of batch) {
          const id = key.slice(prefix.length)
          if (!this.#due.has(id)) this.#due.set(id, 0)
        }
    } catch (error) {
      this.#options.onFailure(error)
    }
  }
}

function keyIn(entity: IndexedEntity | null): Apikey | null {
  const read = entity?.read()
  return read?.ok === true ? (read.value as Apikey) : null
}
