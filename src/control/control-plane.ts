/**
 * The control plane: owns the truth (entities in a store), turns writes into revisions and hands those to the data plane.
 *
 * Guarantees: a change is durable before anybody serves it and before its promise resolves; its promise resolves after
 * the audience has swapped (or had its bounded time), so the writer's next request sees it; revisions are published one
 * at a time, in order, each greater by one; a commit that fails publishes nothing; changes decided together share one
 * commit and one revision; `fullDelta()` is exactly the state after the last published revision.
 * Not done here: rights, the wording of errors, expiry of entities.
 */
import { definitionOf } from '../model/registry.ts'
import type { EntityDefinition } from '../model/entity.ts'
import type { Acknowledgement, Delta, EntityFault } from '../revision/delta.ts'
import type { SharedTextsMemory } from '../revision/shared-memory.ts'
import { type Store, StoreConflict, StoreUnavailable } from '../store/contract.ts'
import { EntityStore } from '../store/entities.ts'
import { ChangeQueue, type PendingChange } from './change-queue.ts'
import { type ChangeOutcome, type ChangeRequest, ControlPlaneClosed } from './change.ts'
import { EntityIndex } from './entity-index.ts'
import type { EntityList } from './entity-list.ts'
import { type EntityStatus, EntityStatuses } from './entity-statuses.ts'
import { ExternalChanges } from './external-changes.ts'
import { History } from './history/history.ts'
import type { RetentionOptions } from './history/retention.ts'
import type { IndexedEntity } from './indexed-entity.ts'
import { createInitial, type Initial } from './initial-entities.ts'
import { RefusedWrites } from './refused-writes.ts'
import type { Replacement, ReplacementOutcome } from './replacement.ts'
import type { RevisionAudience } from './revision-audience.ts'
import { Staging, type StagedOutcome } from './staging.ts'

export interface ControlPlaneOptions {
  readonly store: Store
  /** Setting `storageRoot`; default `otoroshi`. */
  readonly root?: string
  /** What a first start writes; asked when the store has no global configuration. */
  readonly initial?: () => readonly Initial[] | Promise<readonly Initial[]>
  /** Milliseconds after which a batch of changes takes no more of them; default 20. */
  readonly turn?: number
  /** Limits of the history, each of them 0 for none. Absent: none is written. */
  readonly history?: Partial<Pick<RetentionOptions, 'versions' | 'total' | 'maxAge'>> | null
  /** Told of failures nobody waits for. Default: a process warning. */
  readonly onFailure?: (error: unknown, what: string) => void
}

/** Most often a change starts over because another process wrote first. */
const attempts = 5

const nobody: RevisionAudience = { publish: async () => [] }

interface PendingReplacement {
  readonly replacement: Replacement
  readonly resolve: (outcome: ReplacementOutcome) => void
  readonly reject: (error: unknown) => void
}

type Decided = { readonly outcome: StagedOutcome } | { readonly error: unknown }

export class ControlPlane {
  /** Who changed what, and how it was before; null when none is kept. */
  readonly history: History | null
  readonly #store: Store
  readonly #entities: EntityStore
  readonly #index: EntityIndex
  readonly #statuses = new EntityStatuses()
  readonly #queue = new ChangeQueue()
  readonly #replacements: PendingReplacement[] = []
  readonly #external: ExternalChanges
  readonly #onFailure: (error: unknown, what: string) => void
  readonly #refused: RefusedWrites
  readonly #turn: number
  readonly #initial: NonNullable<ControlPlaneOptions['initial']> | null
  #audience: RevisionAudience = nobody
  #revision = 1
  #working: Promise<void> | null = null
  #loaded = false
  #closed = false

  private constructor(options: ControlPlaneOptions) {
    const root = options.root ?? 'otoroshi'
    this.#store = options.store
    this.#entities = new EntityStore(options.store, root)
    this.#index = new EntityIndex(root)
    this.#onFailure = options.onFailure ?? warn
    this.#refused = new RefusedWrites(this.#onFailure)
    this.#turn = options.turn ?? 20
    this.#initial = options.initial ?? null
    const { store, history = null } = options
    this.history =
      history === null
        ? null
        : new History({
            versions: 0,
            total: 0,
            maxAge: 0,
            ...history,
            store,
            root,
            onFailure: this.#onFailure,
          })
    this.#external = new ExternalChanges(this.#entities, this.#index, () => this.#wake())
  }

  /** Loads the store, after creating the initial entities in an empty one. Rejects with `StoreUnavailable`. */
  static async start(options: ControlPlaneOptions): Promise<ControlPlane> {
    const control = new ControlPlane(options)
    await control.load()
    return control
  }

  /** One that knows nothing yet: changes wait until `load` is done. */
  static create(options: ControlPlaneOptions): ControlPlane {
    return new ControlPlane(options)
  }

  /**
   * Loads the store, after creating the initial entities in an empty one. `listed` is called when everything is there that
   * `fullDelta` tells of, and waited for; the rest is only looked up, see `fetch`. Rejects with `StoreUnavailable`.
   */
  async load(listed: () => void | Promise<void> = () => {}): Promise<void> {
    // Watched before it is read: what changes meanwhile is read again.
    this.#external.watch()
    if (this.#initial !== null) await createInitial(this.#entities, this.history, this.#initial)
    const take = (definition: EntityDefinition, id: string, key: string, json: string): void =>
      this.#index.load(definition, id, key, json, this.#revision)
    this.#index.reading = true
    await this.#entities.load(take, listed)
    this.#loaded = true
    this.#index.reading = false
    this.#external.loaded()
    if (this.#hasWork) this.#wake()
  }

  /** Reads an entity that is looked up by its id now, if `load` has not come to it yet. Rejects with `StoreUnavailable`. */
  async fetch(kind: string, id: string): Promise<void> {
    const definition = definitionOf(kind)
    if (this.#loaded || definition?.numerous !== 'looked-up') return
    const found = await this.#entities.get(definition, id)
    if (found === null || this.#loaded || this.#index.get(definition, id) !== null) return
    this.#index.load(definition, found.id, found.key, found.json, this.#revision)
  }

  /** Who serves the revisions from now on. Give it `fullDelta()` in the same turn: nothing is missed between. */
  connect(audience: RevisionAudience): void {
    this.#audience = audience
  }

  /** Makes lists ready, which the first one of each kind would have to wait for: for when there is time. */
  prepareLists(): Promise<void> {
    return this.#index.prepareLists()
  }

  /** Number of the last published revision. */
  get revision(): number {
    return this.#revision
  }

  get(definition: EntityDefinition, id: string, scope?: string): IndexedEntity | null {
    return this.#index.get(definition, id, scope)
  }

  /** Entities of a kind in key order, as of now. */
  list(definition: EntityDefinition): EntityList {
    return this.#index.list(definition)
  }

  /** Some of them: `from` inclusive, `to` exclusive. */
  page(definition: EntityDefinition, from: number, to: number): readonly IndexedEntity[] {
    return this.#index.page(definition, from, to)
  }

  /** All entities of a kind that may have this text in this field (and others), or null when that is not known. */
  having(definition: EntityDefinition, field: string, text: string): Promise<EntityList | null> {
    return this.#index.having(definition, field, text)
  }

  /** See `KindTable.holding`. */
  holding(definition: EntityDefinition, field: string, texts: readonly string[]): Promise<EntityList | null> {
    return this.#index.holding(definition, field, texts)
  }

  /** Memory of the kinds that the data plane reads for itself: their texts are in no delta. */
  get sharedTexts(): Readonly<Record<string, SharedTextsMemory>> {
    return this.#index.shared
  }

  count(definition: EntityDefinition): number {
    return this.#index.count(definition)
  }

  /**
   * Makes a change. Rejects with what the transition throws, `InvalidEntity`, `StoreUnavailable`, `StoreConflict` (others
   * kept writing the same key) or `ControlPlaneClosed`; then nothing of it was stored.
   */
  change(request: ChangeRequest): Promise<ChangeOutcome> {
    if (this.#closed) return Promise.reject(new ControlPlaneClosed())
    const promise = this.#queue.add(request)
    this.#wake()
    return promise
  }

  /** What `change` would do now, with nothing written. Throws what `change` rejects with. */
  preview(request: ChangeRequest): ChangeOutcome {
    const staging = new Staging(this.#index, this.#entities, this.#revision + 1, null)
    return { ...staging.decide(request), revision: this.#revision }
  }

  /**
   * Exchanges all entities for others: one commit, one revision. Rejects with `StoreUnavailable`, `StoreConflict` (others
   * kept writing) or `ControlPlaneClosed`; then nothing was stored.
   */
  replaceAll(replacement: Replacement): Promise<ReplacementOutcome> {
    if (this.#closed) return Promise.reject(new ControlPlaneClosed())
    return new Promise((resolve, reject) => {
      this.#replacements.push({ replacement, resolve, reject })
      this.#wake()
    })
  }

  /** What `replaceAll` would do now, with nothing written. */
  previewReplacement(replacement: Replacement): ReplacementOutcome {
    const staging = new Staging(this.#index, this.#entities, this.#revision + 1, null)
    return { ...staging.replaceAll(replacement), revision: this.#revision }
  }

  /** The store, for reads of what is no entity. */
  get stored(): EntityStore {
    return this.#entities
  }

  /** Everything the data plane serves, as of the last published revision. */
  fullDelta(): Delta {
    return { revision: this.#revision, full: true, writes: [...this.#index.served()], removals: [] }
  }

  /** An acknowledgement that did not come back through `publish`: of a new thread's full delta, or a late one. */
  acknowledge(delta: Delta, ack: Acknowledgement): void {
    this.#record(delta, [ack])
  }

  statusOf(kind: string, id: string): EntityStatus {
    return this.#statuses.of(kind, id)
  }

  /** Every fault of every entity. */
  faults(): EntityFault[] {
    return this.#statuses.all()
  }

  /** Resolves when nothing is left to write or to pick up. */
  async idle(): Promise<void> {
    while (this.#working !== null) await this.#working
  }

  /** Finishes what was asked for and stops listening to the store, which stays open. */
  async close(): Promise<void> {
    this.#closed = true
    this.#external.close()
    await this.idle()
    await this.history?.close()
  }

  #wake(): void {
    if (this.#working !== null || !this.#loaded) return
    // The first of several writers in one turn waits for the others: they share the commit.
    this.#working = Promise.resolve()
      .then(() => this.#work())
      .catch(error => this.#onFailure(error, 'the control plane'))
      .finally(() => {
        this.#working = null
        if (this.#hasWork) this.#wake()
      })
  }

  get #hasWork(): boolean {
    return this.#queue.size > 0 || this.#replacements.length > 0 || this.#external.ready
  }

  async #work(): Promise<void> {
    while (this.#hasWork) {
      await this.#takeExternal()
      const next = this.#replacements.shift()
      if (next !== undefined) await this.#takeReplacement(next).catch(next.reject)
      if (this.#queue.size > 0) await this.#takeWrites()
    }
  }

  async #takeReplacement({ replacement, resolve, reject }: PendingReplacement): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const staging = new Staging(this.#index, this.#entities, this.#revision + 1, this.history)
      const outcome = staging.replaceAll(replacement)
      const failure = await this.#commit(staging)
      if (failure === null) {
        staging.committed()
        if (!staging.empty) await this.#publish(staging.writes(), staging.removals())
        resolve({ ...outcome, revision: this.#revision })
        return
      }
      if (!(failure instanceof StoreConflict) || attempt === attempts) {
        reject(failure)
        return
      }
      this.#external.add([failure.key])
      while (this.#external.ready) await this.#takeExternal()
    }
  }

  async #takeExternal(): Promise<void> {
    if (!this.#external.ready) return
    try {
      const { writes, removals } = await this.#external.take(this.#revision + 1)
      if (writes.length + removals.length > 0) await this.#publish(writes, removals)
    } catch (error) {
      this.#onFailure(error, 'reading what others changed in the store')
    }
  }

  async #takeWrites(): Promise<void> {
    const staging = new Staging(this.#index, this.#entities, this.#revision + 1, this.history)
    const taken: PendingChange[] = []
    const decided: Decided[] = []
    const until = performance.now() + this.#turn
    for (let next = this.#queue.next(); next !== null; next = this.#queue.next()) {
      taken.push(next)
      decided.push(decide(staging, next))
      if (next.alone || taken.length >= 256) break
      if (staging.size > 8_000_000 || performance.now() > until) break
    }
    const failure = await this.#commit(staging)
    if (failure !== null) {
      if (!this.#startOver(taken, failure)) this.#refuse(taken, decided, failure)
      return
    }
    staging.committed()
    if (!staging.empty) await this.#publish(staging.writes(), staging.removals())
    for (const [i, change] of taken.entries()) {
      const result = decided[i]!
      if ('error' in result) change.reject(result.error)
      else change.resolve({ ...result.outcome, revision: this.#revision })
    }
  }

  /** Puts changes back that may still be made: on what another process wrote, or each by itself. */
  #startOver(taken: readonly PendingChange[], failure: unknown): boolean {
    if (failure instanceof StoreUnavailable) return false
    const outrun = failure instanceof StoreConflict && taken[0]!.attempts < attempts
    if (!outrun && taken.length === 1) return false
    if (failure instanceof StoreConflict) this.#external.add([failure.key])
    for (const change of taken) {
      change.attempts++
      if (!outrun) change.alone = true
    }
    this.#queue.putBack(taken)
    return true
  }

  async #commit(staging: Staging): Promise<unknown> {
    if (staging.empty) return null
    try {
      await this.#store.commit(staging.changes(), staging.preconditions())
      return null
    } catch (error) {
      if (error instanceof StoreUnavailable) this.#refused.note(error)
      return error ?? new Error('the store failed')
    }
  }

  #refuse(taken: readonly PendingChange[], decided: readonly Decided[], failure: unknown): void {
    for (const [i, change] of taken.entries()) {
      const result = decided[i]!
      change.reject('error' in result ? result.error : failure)
    }
  }

  // The index, the revision number and the call to the audience change in one turn: see `connect`.
  async #publish(writes: readonly IndexedEntity[], removals: readonly IndexedEntity[]): Promise<void> {
    for (const entity of removals) this.#index.delete(entity)
    for (const entity of writes) this.#index.set(entity)
    const served = (entity: IndexedEntity) => entity.definition.served
    const delta: Delta = {
      revision: this.#revision + 1,
      full: false,
      writes: writes.filter(served).map(({ definition, id, json }) => ({
        kind: definition.kind,
        id,
        json: definition.numerous === undefined ? json : null,
      })),
      removals: removals.filter(served).map(e => ({ kind: e.definition.kind, id: e.id })),
    }
    if (delta.writes.length + delta.removals.length === 0) return
    this.#revision = delta.revision
    try {
      this.#record(delta, await this.#audience.publish(delta))
    } catch (error) {
      this.#onFailure(error, `publishing revision ${delta.revision}`)
    }
  }

  #record(delta: Delta, acks: readonly Acknowledgement[]): void {
    this.#statuses.record(delta, acks, ({ kind, id }) => {
      const definition = definitionOf(kind)
      return definition === null ? 0 : (this.#index.get(definition, id)?.revision ?? 0)
    })
  }
}

function decide(staging: Staging, request: ChangeRequest): Decided {
  try {
    return { outcome: staging.decide(request) }
  } catch (error) {
    return { error }
  }
}

function warn(error: unknown, what: string): void {
  process.emitWarning(error instanceof Error ? error.message : String(error), {
    type: 'ControlPlane',
    detail: what,
  })
}
