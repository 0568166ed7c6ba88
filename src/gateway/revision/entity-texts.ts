/** The entities of a revision as texts, with a way to look at the next revision before it is there. */
import type { Delta } from '../../revision/delta.ts'
import type { EntityReader } from '../compile/environment.ts'

/** Texts of a kind under their ids, kept by somebody else. */
export interface TextSource {
  get(id: string): string | undefined
  /** The revision the text was written in, -1 when there is none. */
  revisionOf(id: string): number
}

export class EntityTexts implements EntityReader {
  /** Kinds whose texts are in no delta. What they answer may be newer than the revision. */
  readonly #shared: ReadonlyMap<string, TextSource>
  #kinds = new Map<string, Map<string, string>>()

  constructor(shared: ReadonlyMap<string, TextSource> = new Map()) {
    this.#shared = shared
  }

  get(kind: string, id: string): string | undefined {
    return (this.#kinds.get(kind) ?? this.#shared.get(kind))?.get(id)
  }

  /** The revision a text that is in no delta was written in; -1 for all others. */
  revisionOf(kind: string, id: string): number {
    return this.#shared.get(kind)?.revisionOf(id) ?? -1
  }

  all(kind: string): ReadonlyMap<string, string> {
    return this.#kinds.get(kind) ?? new Map()
  }

  /** What `apply(delta)` would make of the entities. */
  after(delta: Delta): EntityReader {
    const writes = new Map<string, string>()
    for (const { kind, id, json } of delta.writes) if (json !== null) writes.set(`${kind} ${id}`, json)
    const removals = new Set(delta.removals.map(removal => `${removal.kind} ${removal.id}`))
    return {
      get: (kind, id) => {
        const key = `${kind} ${id}`
        const written = writes.get(key)
        if (written !== undefined) return written
        const shared = this.#shared.get(kind)
        if (shared !== undefined) return shared.get(id)
        return delta.full || removals.has(key) ? undefined : this.get(kind, id)
      },
    }
  }

  apply(delta: Delta): void {
    if (delta.full) this.#kinds = new Map()
    for (const { kind, id, json } of delta.writes) {
      if (json === null) continue
      let texts = this.#kinds.get(kind)
      if (texts === undefined) {
        texts = new Map()
        this.#kinds.set(kind, texts)
      }
      texts.set(id, json)
    }
    for (const { kind, id } of delta.removals) this.#kinds.get(kind)?.delete(id)
  }
}
