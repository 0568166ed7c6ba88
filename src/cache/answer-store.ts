/**
 * The answers an instance keeps, as one thread sees them.
 *
 * Guarantees: what one thread keeps or purges is so for every thread at once; memory never grows beyond what was allocated;
 * an answer that is being read stays whole until it is released; an answer that was purged, or whose URL was changed, while
 * it came in is not kept. Not guaranteed: that anything is kept for any time.
 */
import { hash } from 'node:crypto'
import { blocksFor } from './blocks.ts'
import { Filling } from './filling.ts'
import { Flights } from './flights.ts'
import { readHead, readTags, writeHead } from './head-text.ts'
import { type CacheMemory, Head, layoutOf, seedOf, Slot } from './layout.ts'
import { Lock } from './lock.ts'
import { PinnedAnswer } from './pinned-answer.ts'
import { type Key, Slots, State } from './slots.ts'
import { type HeadFacts, StoredHead } from './stored-head.ts'
import type { Tag } from './tags.ts'

/** Heads, and keys, that a thread keeps ready. */
const MOST_READY = 2048
/** Longest text whose key is kept ready. */
const LONGEST_KNOWN = 512

/** What can become of a request that the cache looks at. */
export type Outcome = 'hits' | 'stale' | 'misses' | 'bypassed'

/** What an answer is kept under. */
export interface Place {
  readonly key: Key
  readonly route: Tag
  /** The URL as clients know it: `host/path?query`, see `urlText`. */
  readonly url: string
}

/** What is known of a key. */
export interface Found {
  /** The youngest that fits; to be released. */
  readonly answer: PinnedAnswer | null
  /** Something is kept, whether it fits or not. */
  readonly any: boolean
  /** Somebody asks the backend: the slot to wait for, and its version. */
  readonly flight: { readonly slot: number; readonly version: number } | null
  /** Answers are not kept. */
  readonly pass: boolean
}

const nothing: Found = { answer: null, any: false, flight: null, pass: false }

export class AnswerStore {
  readonly slots: Slots
  readonly lock: Lock
  readonly thread: number
  readonly flights: Flights
  readonly #seed: string
  readonly #keys = new Map<string, Key>()
  readonly #heads = new Map<number, { readonly version: number; readonly head: StoredHead }>()

  /** `thread`: index of this thread. */
  constructor(memory: CacheMemory, thread: number) {
    const layout = layoutOf(memory)
    this.slots = new Slots(layout)
    this.lock = new Lock(layout.words, thread)
    this.thread = thread
    this.#seed = seedOf(memory)
    this.flights = new Flights(this.slots)
  }

  /** Bytes an answer may have at most, whatever a route allows. */
  get mostBytes(): number {
    return this.slots.layout.bytes.length - this.slots.layout.dataAt
  }

  /** Number of purges and invalidations so far. */
  get changes(): number {
    return Atomics.load(this.slots.layout.words, Head.changes)
  }

  /** Counts what became of a request, over all threads. */
  count(outcome: Outcome): void {
    Atomics.add(this.slots.layout.words, Head[outcome], 1)
  }

  /** The key of what is described by `text`, which is not kept when it holds a `secret`. */
  key(text: string, secret = false): Key {
    const known = this.#keys.get(text)
    if (known !== undefined) return known
    const key = wordsOf(this.#digest(`key ${text}`), 4)
    if (secret || text.length > LONGEST_KNOWN) return key
    if (this.#keys.size >= MOST_READY) this.#keys.clear()
    this.#keys.set(text, key)
    return key
  }

  tag(kind: 'route' | 'url' | 'tag', text: string): Tag {
    return wordsOf(this.#digest(`${kind} ${text}`), 2)
  }

  #digest(text: string): Buffer {
    return hash('sha256', this.#seed + text, 'buffer')
  }

  find(key: Key, fits: (head: StoredHead) => boolean): Found {
    if (this.lock.broken) return nothing
    return this.lock.run(() => {
      let best: { slot: number; head: StoredHead } | null = null
      let any = false
      let flight: Found['flight'] = null
      let pass = false
      for (const slot of this.slots.find(key)) {
        const state = this.slots.get(slot, Slot.state)
        if (this.slots.isAwaited(slot)) flight ??= { slot, version: this.slots.version(slot) }
        else if (state === State.flight || state === State.filling) continue
        else if (state === State.pass) pass ||= this.slots.get(slot, Slot.until) > Date.now() / 1000
        else {
          any = true
          const head = this.headOf(slot)
          if (fits(head) && (best === null || head.facts.arrived > best.head.facts.arrived))
            best = { slot, head }
        }
      }
      return { answer: best === null ? null : this.#pin(best.slot, best.head), any, flight, pass }
    })
  }

  #pin(slot: number, head: StoredHead): PinnedAnswer {
    this.slots.set(slot, Slot.used, 1)
    this.slots.pin(slot, this.thread, 1)
    return new PinnedAnswer(this.slots, this.lock, this.thread, slot, head)
  }

  /** The head of a kept answer. Under the lock. */
  headOf(slot: number): StoredHead {
    const version = this.slots.version(slot)
    const ready = this.#heads.get(slot)
    if (ready?.version === version) return ready.head
    const bytes = this.slots.blocks.readChain(
      this.slots.get(slot, Slot.head),
      this.slots.get(slot, Slot.headLength),
    )
    const head = new StoredHead(readHead(bytes, this.slots.get(slot, Slot.tags)))
    if (this.#heads.size >= MOST_READY) this.#heads.clear()
    this.#heads.set(slot, { version, head })
    return head
  }

  /**
   * Begins to ask the backend for a key; others wait meanwhile. Null when somebody asks already, when there is no room, or
   * when answers to it are not kept: then nobody need wait.
   */
  depart(place: Place): Filling | null {
    if (this.lock.broken) return null
    const url = this.tag('url', place.url)
    const slot = this.lock.run(() => {
      for (const known of this.slots.find(place.key)) {
        const state = this.slots.get(known, Slot.state)
        if (this.slots.isAwaited(known)) return -1
        if (state === State.pass) {
          if (this.slots.get(known, Slot.until) > Date.now() / 1000) return -1
          this.slots.remove(known)
        }
      }
      return this.#create(place, url, State.flight, true)
    })
    return slot < 0 ? null : new Filling(this, place, slot, true)
  }

  /** Makes room for an answer that nobody waits for. `since`: `changes` when it was asked for. */
  receive(place: Place, since: number): Filling | null {
    if (this.lock.broken || this.changes !== since) return null
    const url = this.tag('url', place.url)
    const slot = this.lock.run(() => this.#create(place, url, State.filling, false))
    return slot < 0 ? null : new Filling(this, place, slot, false, since)
  }

  #create(place: Place, url: Tag, state: number, linked: boolean): number {
    const slot = this.slots.create(place.key, state, this.thread)
    if (slot < 0) return slot
    this.slots.describe(slot, place.route, url)
    if (linked) this.slots.link(slot)
    return slot
  }

  /** Replaces the head of a kept answer. False when it is not kept any more, or is another one now. */
  confirm(answer: PinnedAnswer, facts: HeadFacts): boolean {
    if (this.lock.broken) return false
    return this.lock.run(() => {
      const { slot } = answer
      if (this.slots.get(slot, Slot.state) !== State.ready || this.slots.version(slot) !== answer.version)
        return false
      const count = this.slots.get(slot, Slot.tags)
      const old = this.slots.get(slot, Slot.head)
      const before = this.slots.blocks.readChain(old, this.slots.get(slot, Slot.headLength))
      const bytes = writeHead(facts, readTags(before, count))
      if (bytes === null) return false
      const blocks = blocksFor(bytes.length)
      if (!this.slots.makeFree(blocks)) return false
      const head = this.slots.blocks.take(blocks)
      this.slots.blocks.writeChain(head, bytes)
      this.slots.set(slot, Slot.head, head)
      this.slots.set(slot, Slot.headLength, bytes.length)
      this.slots.set(slot, Slot.blocks, this.slots.get(slot, Slot.blocks) + blocks - blocksFor(before.length))
      this.slots.blocks.give(old)
      this.slots.touch(slot)
      answer.version = this.slots.version(slot)
      return true
    })
  }
}

function wordsOf(bytes: Buffer, count: number): Int32Array {
  const words = new Int32Array(count)
  for (let i = 0; i < count; i++) words[i] = bytes.readInt32LE(i * 4)
  return words
}
