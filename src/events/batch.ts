/** What a producer has for the events thread and has not sent yet. */
import type { DropReason } from './ledger.ts'
import type { ProducedEvents } from './messages.ts'

interface Share {
  readonly texts: number[]
  dropped: Partial<Record<DropReason, number>>
}

export class Batch {
  readonly texts: string[] = []
  /** Characters of the texts. */
  size = 0
  readonly #shares = new Map<string, Share>()
  #events = 0
  #lost = 0

  get empty(): boolean {
    return this.#shares.size === 0
  }

  /** Takes a text; answers its place. */
  place(text: string): number {
    this.size += text.length
    return this.texts.push(text) - 1
  }

  /** Counts an event that somebody wants. `carried`: somebody gets it. */
  count(carried: boolean): void {
    this.#events++
    if (!carried) this.#lost++
  }

  add(exporter: string, place: number): void {
    this.#share(exporter).texts.push(place)
  }

  drop(exporter: string, reason: DropReason, count = 1): void {
    const { dropped } = this.#share(exporter)
    dropped[reason] = (dropped[reason] ?? 0) + count
  }

  /** Events by exporter, the dropped ones included. */
  *counts(): Iterable<readonly [string, number]> {
    for (const [id, { texts, dropped }] of this.#shares)
      yield [id, Object.values(dropped).reduce((sum, count) => sum + count, texts.length)]
  }

  /** Events by exporter, without the dropped ones. */
  *carried(): Iterable<readonly [string, number]> {
    for (const [id, { texts }] of this.#shares) if (texts.length > 0) yield [id, texts.length]
  }

  message(batch: number): ProducedEvents {
    return {
      type: 'events',
      batch,
      events: this.#events,
      lost: this.#lost,
      texts: this.texts,
      exporters: [...this.#shares].map(([id, { texts, dropped }]) => ({ id, texts, dropped })),
    }
  }

  #share(exporter: string): Share {
    let share = this.#shares.get(exporter)
    if (share === undefined) this.#shares.set(exporter, (share = { texts: [], dropped: {} }))
    return share
  }
}
