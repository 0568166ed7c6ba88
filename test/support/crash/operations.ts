/** What clients of a crash test ask for. Every write leaves a mark of its own, so that it is found again. */

/** One entity of an operation. Ids that begin with `k` are API keys, all others routes. */
export interface Line {
  readonly id: string
  readonly mark: string
}

export type Operation =
  | { readonly action: 'put' | 'patch'; readonly line: Line }
  | { readonly action: 'remove'; readonly id: string }
  /** Creations, each for itself, in this order. */
  | { readonly action: 'bulk'; readonly lines: readonly Line[] }
  /** Everything exchanged for these. */
  | { readonly action: 'import'; readonly lines: readonly Line[] }

/** Prefix of every id. */
export const prefix = 'crash-'

/** Operations of one client of a round: mostly on entities of its own, some on those all clients write. */
export class Plan {
  readonly #round: string
  readonly #client: number
  #count = 0

  /** `round` is unique in a test. Client 0 imports. */
  constructor(round: string, client: number) {
    this.#round = round
    this.#client = client
  }

  next(): Operation {
    const mark = `${this.#round}.${this.#client}.${this.#count++}`
    const chance = Math.random()
    if (chance < 0.4) return { action: 'put', line: { id: this.#ownId(), mark } }
    if (chance < 0.55) return { action: 'put', line: { id: `${prefix}s-${whole(3)}`, mark } }
    if (chance < 0.7) return { action: 'patch', line: { id: this.#ownId(), mark } }
    if (chance < 0.85) return { action: 'remove', id: this.#ownId() }
    if (this.#client === 0) return { action: 'import', lines: importLines(mark) }
    const lines = Array.from({ length: 2 + whole(30) }, (_, i) => ({ id: `${prefix}b-${mark}-${i}`, mark }))
    return { action: 'bulk', lines }
  }

  #ownId(): string {
    const id = `${this.#client}-${whole(6)}`
    return Math.random() < 0.25 ? `k${prefix}${id}` : prefix + id
  }
}

function importLines(mark: string): readonly Line[] {
  const ids = Array.from({ length: 15 }, (_, i) => `${prefix}i-${i}`)
  for (let client = 0; client < 4; client++) ids.push(`${prefix}${client}-1`, `k${prefix}${client}-2`)
  return ids.map(id => ({ id, mark }))
}

function whole(below: number): number {
  return Math.floor(Math.random() * below)
}

/** True for the id of an API key. */
export function isKey(id: string): boolean {
  return id.startsWith('k')
}

/** The entity of a line: mostly small, now and then large. */
export function entityOf({ id, mark }: Line): Record<string, unknown> {
  const metadata = { mark }
  const description = 'x'.repeat(Math.random() < 0.03 ? 60_000 : whole(600))
  if (isKey(id)) return { clientId: id, clientSecret: 's', clientName: id, description, metadata }
  return {
    id,
    name: id,
    description,
    metadata,
    frontend: { domains: [`${id}.test`] },
    backend: { targets: [{ hostname: '127.0.0.1', port: 1 }] },
  }
}

/** The mark in the text of an entity, or null when no client of these made it. */
export function markIn(text: string): string | null {
  return /"mark":"([^"]+)"/.exec(text)?.[1] ?? null
}
