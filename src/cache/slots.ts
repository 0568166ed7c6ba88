/** The table of answers: slots found by key, pinned while they are read, evicted when room is needed. Under the lock only. */
import { Blocks, NONE } from './blocks.ts'
import { Head, type Layout, Slot, SLOT_WORDS } from './layout.ts'

/** What a slot is for. */
export const State = {
  free: 0,
  /** Somebody asks the backend. */
  flight: 1,
  /** The answer comes in. */
  filling: 2,
  ready: 3,
  /** Answers to this key are not kept: nobody waits for another. */
  pass: 4,
  /** Out of the table, but somebody still reads it. */
  gone: 5,
} as const

/** 128 bits that stand for the key of an answer. */
export type Key = Int32Array

export class Slots {
  readonly layout: Layout
  readonly blocks: Blocks

  constructor(layout: Layout) {
    this.layout = layout
    this.blocks = new Blocks(layout)
  }

  get(slot: number, field: number): number {
    return this.layout.words[this.#at(slot) + field]!
  }

  set(slot: number, field: number, value: number): void {
    this.layout.words[this.#at(slot) + field] = value
  }

  /** Tells everybody who knows the slot that it is another one now. */
  touch(slot: number): void {
    Atomics.add(this.layout.words, this.#at(slot) + Slot.version, 1)
  }

  /** May be called without the lock. */
  version(slot: number): number {
    return Atomics.load(this.layout.words, this.#at(slot) + Slot.version)
  }

  /** A slot of its own, in no bucket; -1 when there is none. */
  create(key: Key, state: number, thread: number): number {
    const { words, slots } = this.layout
    let slot = words[Head.freeSlot]! - 1
    if (slot >= 0) words[Head.freeSlot] = this.get(slot, Slot.next)
    else if (words[Head.slotMark]! < slots) slot = words[Head.slotMark]!++
    else if (this.evictOne(null)) return this.create(key, state, thread)
    else return -1
    const at = this.#at(slot)
    const version = words[at + Slot.version]!
    words.fill(0, at, at + SLOT_WORDS)
    words[at + Slot.version] = version
    words[at + Slot.state] = state
    words[at + Slot.head] = NONE
    words[at + Slot.body] = NONE
    words[at + Slot.filler] = thread
    words.set(key, at + Slot.key)
    return slot
  }

  /** Puts a slot into its bucket, before the others. */
  link(slot: number): void {
    const bucket = this.#bucket(this.get(slot, Slot.key))
    this.set(slot, Slot.next, this.layout.words[bucket]!)
    this.set(slot, Slot.linked, 1)
    this.layout.words[bucket] = slot + 1
  }

  /** An answer is on its way, and will be kept as far as is known now. */
  isAwaited(slot: number): boolean {
    const state = this.get(slot, Slot.state)
    return (state === State.flight || state === State.filling) && this.get(slot, Slot.doomed) === 0
  }

  /** What is on its way is void already: nobody need wait for it. */
  doom(slot: number): void {
    this.set(slot, Slot.doomed, 1)
    this.touch(slot)
  }

  /** Gives a linked slot another key. */
  rename(slot: number, key: Key): void {
    this.#unlink(slot)
    this.setKey(slot, key)
    this.link(slot)
  }

  /** Gives a slot that is in no bucket another key. */
  setKey(slot: number, key: Key): void {
    this.layout.words.set(key, this.#at(slot) + Slot.key)
  }

  /** Tells a slot's route and URL. */
  describe(slot: number, route: Int32Array, url: Int32Array): void {
    this.layout.words.set(route, this.#at(slot) + Slot.route)
    this.layout.words.set(url, this.#at(slot) + Slot.url)
  }

  /** Slots with the key, youngest first. */
  *find(key: Key): Generator<number> {
    const { words } = this.layout
    let slot = words[this.#bucket(key[0]!)]! - 1
    while (slot >= 0) {
      const next = this.get(slot, Slot.next) - 1
      if (this.same(slot, Slot.key, key)) yield slot
      slot = next
    }
  }

  same(slot: number, field: number, words: Int32Array): boolean {
    const at = this.#at(slot) + field
    for (let i = 0; i < words.length; i++) if (this.layout.words[at + i] !== words[i]) return false
    return true
  }

  pin(slot: number, thread: number, by: 1 | -1): void {
    const { words, pinsAt, threads } = this.layout
    words[pinsAt + slot * threads + thread]! += by
    if (by < 0 && this.get(slot, Slot.state) === State.gone && !this.#pinned(slot)) this.#free(slot)
  }

  /** Forgets the pins of a thread that is gone. */
  unpinAll(thread: number): void {
    const { words, pinsAt, threads } = this.layout
    for (let slot = 0; slot < words[Head.slotMark]!; slot++) {
      words[pinsAt + slot * threads + thread] = 0
      if (this.get(slot, Slot.state) === State.gone && !this.#pinned(slot)) this.#free(slot)
    }
  }

  /** Takes a slot out of the table. Its memory is free when nobody reads it any more. */
  remove(slot: number): void {
    if (this.get(slot, Slot.linked) === 1) this.#unlink(slot)
    if (this.get(slot, Slot.state) === State.ready) this.layout.words[Head.answers]!--
    this.touch(slot)
    if (this.#pinned(slot)) this.set(slot, Slot.state, State.gone)
    else this.#free(slot)
  }

  /** Slots that were ever used and are not free. */
  *all(): Generator<number> {
    for (let slot = 0; slot < this.layout.words[Head.slotMark]!; slot++)
      if (this.get(slot, Slot.state) !== State.free) yield slot
  }

  /** Evicts answers until so many blocks are free. False when that cannot be. */
  makeFree(blocks: number): boolean {
    while (this.blocks.free < blocks) if (!this.evictOne(null)) return false
    return true
  }

  /** Evicts answers of a route until it holds at most so many blocks. */
  shrink(route: Int32Array, most: number): boolean {
    const { words } = this.layout
    let held = 0
    for (let slot = 0; slot < words[Head.slotMark]!; slot++)
      if (this.get(slot, Slot.state) === State.ready && this.same(slot, Slot.route, route))
        held += this.get(slot, Slot.blocks)
    for (;;) {
      if (held <= most) return true
      const before = this.blocks.free
      if (!this.evictOne(route)) return false
      held -= this.blocks.free - before
    }
  }

  /** Evicts the first answer, of the route if given, that was not asked for since the hand came by last. */
  evictOne(route: Int32Array | null): boolean {
    const { words } = this.layout
    const mark = words[Head.slotMark]!
    for (let steps = 0; steps < 2 * mark; steps++) {
      const slot = words[Head.hand]! % mark
      words[Head.hand] = (slot + 1) % mark
      const state = this.get(slot, Slot.state)
      if (state !== State.ready && state !== State.pass) continue
      if (route !== null && (state !== State.ready || !this.same(slot, Slot.route, route))) continue
      if (this.#pinned(slot)) continue
      if (this.get(slot, Slot.used) === 1) {
        this.set(slot, Slot.used, 0)
        continue
      }
      if (state === State.ready) words[Head.evicted]!++
      this.remove(slot)
      return true
    }
    return false
  }

  #pinned(slot: number): boolean {
    const { words, pinsAt, threads } = this.layout
    const at = pinsAt + slot * threads
    for (let i = 0; i < threads; i++) if (words[at + i] !== 0) return true
    return false
  }

  #free(slot: number): void {
    this.blocks.give(this.get(slot, Slot.head))
    this.blocks.give(this.get(slot, Slot.body))
    this.set(slot, Slot.state, State.free)
    this.set(slot, Slot.next, this.layout.words[Head.freeSlot]!)
    this.layout.words[Head.freeSlot] = slot + 1
  }

  #unlink(slot: number): void {
    const { words } = this.layout
    let place = this.#bucket(this.get(slot, Slot.key))
    while (words[place] !== slot + 1) {
      if (words[place] === 0) return
      place = this.#at(words[place]! - 1) + Slot.next
    }
    words[place] = this.get(slot, Slot.next)
    this.set(slot, Slot.linked, 0)
  }

  #at(slot: number): number {
    return this.layout.slotsAt + slot * SLOT_WORDS
  }

  #bucket(hash: number): number {
    return this.layout.buckets + ((hash >>> 0) % this.layout.slots)
  }
}
