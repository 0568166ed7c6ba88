/** Taking answers out: by route, URL or tag, for all threads at once; and what the cache holds. */
import type { AnswerStore } from './answer-store.ts'
import { readTags, tagBytes } from './head-text.ts'
import { BLOCK, Head, Slot } from './layout.ts'
import { State } from './slots.ts'
import type { Tag } from './tags.ts'

/** What shall go: answers of the route (null: of any) that have one of the URLs or tags; without both, all of them. */
export interface PurgeOrder {
  readonly route: string | null
  /** `host/path?query`, see `urlText`. */
  readonly urls: readonly string[]
  readonly tags: readonly string[]
}

export interface CacheFigures {
  /** Bytes for answers, and how many of them are taken. */
  readonly memory: number
  readonly used: number
  readonly answers: number
  /** Answers that made room for others. */
  readonly evicted: number
  readonly hits: number
  readonly stale: number
  readonly misses: number
  readonly bypassed: number
}

/** A URL as answers are known by: host in lower case without a usual port, then the target. */
export function urlText(host: string, target: string): string {
  return host.toLowerCase().replace(/:(?:80|443)$/, '') + target
}

/**
 * Takes answers out and answers how many. What is being fetched and could be among them is not kept; answers that somebody
 * reads just now are sent to their end.
 */
export function purge(store: AnswerStore, order: PurgeOrder): number {
  const { slots } = store
  const route = order.route === null ? null : store.tag('route', order.route)
  const urls = order.urls.map(url => store.tag('url', url))
  const tags = order.tags.map(tag => store.tag('tag', tag))
  const everything = urls.length === 0 && tags.length === 0
  if (store.lock.broken) return 0
  return store.lock.run(() => {
    const { words } = slots.layout
    words[Head.changes]!++
    let purged = 0
    for (let slot = 0; slot < words[Head.slotMark]!; slot++) {
      const state = slots.get(slot, Slot.state)
      if (state === State.free || state === State.gone) continue
      if (route !== null && !slots.same(slot, Slot.route, route)) continue
      const named = everything || urls.some(url => slots.same(slot, Slot.url, url))
      if (state === State.pass) {
        if (named || tags.length > 0) slots.remove(slot)
      } else if (state !== State.ready) {
        // Its tags are not known yet, or may still change.
        if (named || tags.length > 0) slots.doom(slot)
      } else if (named || isTagged(store, slot, tags)) {
        slots.remove(slot)
        purged++
      }
    }
    return purged
  })
}

function isTagged({ slots }: AnswerStore, slot: number, tags: readonly Tag[]): boolean {
  const count = slots.get(slot, Slot.tags)
  if (tags.length === 0 || count === 0) return false
  const bytes = slots.blocks.readChain(slots.get(slot, Slot.head), tagBytes(count))
  return readTags(bytes, count).some(one => tags.some(tag => tag[0] === one[0] && tag[1] === one[1]))
}

/** A thread is gone: what it read is free, what it fetched is not awaited any more. False when the cache is lost. */
export function bury(store: AnswerStore, thread: number): boolean {
  if (store.lock.bury(thread) || store.lock.broken) return false
  const { slots } = store
  store.lock.run(() => {
    for (const slot of slots.all()) {
      const state = slots.get(slot, Slot.state)
      const unfinished = state === State.flight || state === State.filling
      if (unfinished && slots.get(slot, Slot.filler) === thread) slots.remove(slot)
    }
    slots.unpinAll(thread)
  })
  return true
}

export function figuresOf({ slots: { layout } }: AnswerStore): CacheFigures {
  const at = (word: number): number => Atomics.load(layout.words, word)
  return {
    memory: layout.blocks * BLOCK,
    used: at(Head.usedBlocks) * BLOCK,
    answers: at(Head.answers),
    evicted: at(Head.evicted),
    hits: at(Head.hits),
    stale: at(Head.stale),
    misses: at(Head.misses),
    bypassed: at(Head.bypassed),
  }
}
