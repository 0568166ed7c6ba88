/**
 * An answer on its way into the store: first only asked for (others wait), then coming in, then kept. Ends in exactly one of
 * `complete`, `pass` and `abandon`; whatever comes afterwards does nothing.
 */
import { FirstObjects } from '../http/first-objects.ts'
import type { AnswerStore, Place } from './answer-store.ts'
import { blocksFor } from './blocks.ts'
import { writeHead } from './head-text.ts'
import { BLOCK, Head, Slot } from './layout.ts'
import { type Key, type Slots, State } from './slots.ts'
import type { HeadFacts } from './stored-head.ts'
import type { Tag } from './tags.ts'

/** Most answers that one key may have, by what they vary. */
const MOST_VARIANTS = 32

const firstObjects = new FirstObjects()

export class Filling {
  readonly #store: AnswerStore
  readonly #slots: Slots
  readonly #place: Place
  readonly #slot: number
  readonly #awaited: boolean
  #key: Key
  readonly #since: number
  #open = true
  #facts: HeadFacts | null = null
  #most = 0
  #routeMost = Number.POSITIVE_INFINITY
  /** The room of the route is not known to suffice. */
  #unmeasured = false
  #length = 0
  #last = -1

  /** `awaited`: others know of it. `since`: count of changes it must not outlive, unless it is awaited. */
  constructor(store: AnswerStore, place: Place, slot: number, awaited: boolean, since = 0) {
    this.#store = store
    this.#slots = store.slots
    this.#place = place
    this.#key = place.key
    this.#slot = slot
    this.#awaited = awaited
    this.#since = since
    firstObjects.note(this)
  }

  get open(): boolean {
    return this.#open
  }

  /**
   * The head is there. `length`: of the body, -1 when it is not known; `most`: bytes it may have; `routeMost`: bytes the
   * route may keep. False when there is no room: then the filling is over.
   */
  begin(facts: HeadFacts, tags: readonly Tag[], length: number, most: number, routeMost: number): boolean {
    const bytes = writeHead(facts, tags)
    this.#most = Math.min(most, this.#store.mostBytes)
    this.#routeMost = routeMost
    this.#facts = facts
    this.#unmeasured = length < 0 && Number.isFinite(routeMost)
    if (!this.#open || bytes === null || length > this.#most) return this.#giveUp()
    return this.#store.lock.run(() => {
      const head = blocksFor(bytes.length)
      const wanted = head + blocksFor(Math.max(0, length))
      if (Number.isFinite(routeMost) && !this.#slots.shrink(this.#place.route, roomFor(routeMost, wanted)))
        return this.#drop()
      if (!this.#slots.makeFree(head)) return this.#drop()
      const first = this.#slots.blocks.take(head)
      this.#slots.blocks.writeChain(first, bytes)
      this.#slots.set(this.#slot, Slot.head, first)
      this.#slots.set(this.#slot, Slot.headLength, bytes.length)
      this.#slots.set(this.#slot, Slot.tags, tags.length)
      this.#slots.set(this.#slot, Slot.blocks, head)
      this.#slots.set(this.#slot, Slot.state, State.filling)
      return true
    })
  }

  /** The answer may be given to others than those who wait for it: it is kept under this key. */
  rename(key: Key): void {
    if (!this.#open) return
    this.#key = key
    if (this.#awaited) this.#store.lock.run(() => this.#slots.rename(this.#slot, key))
    else this.#slots.setKey(this.#slot, key)
  }

  /** Bytes of the body. False when they are too many: then the filling is over. */
  write(chunk: Uint8Array): boolean {
    if (!this.#open) return false
    if (this.#length + chunk.length > this.#most) return this.#giveUp()
    const room = (BLOCK - (this.#length % BLOCK)) % BLOCK
    const inside = Math.min(room, chunk.length)
    if (inside > 0) this.#slots.blocks.write(this.#last, this.#length % BLOCK, chunk.subarray(0, inside))
    this.#length += inside
    return inside === chunk.length || this.#append(chunk.subarray(inside))
  }

  #append(rest: Uint8Array): boolean {
    const count = blocksFor(rest.length)
    const first = this.#store.lock.run(() => {
      if (!this.#slots.makeFree(count)) return -1
      const chain = this.#slots.blocks.take(count)
      if (this.#last < 0) this.#slots.set(this.#slot, Slot.body, chain)
      else this.#slots.blocks.join(this.#last, chain)
      this.#slots.set(this.#slot, Slot.blocks, this.#slots.get(this.#slot, Slot.blocks) + count)
      return chain
    })
    if (first < 0) return this.#giveUp()
    this.#slots.blocks.writeChain(first, rest)
    this.#length += rest.length
    this.#last = first
    for (let i = 1; i < count; i++) this.#last = this.#slots.blocks.next(this.#last)
    return true
  }

  /** The body is complete. True when the answer is kept from now on. */
  complete(): boolean {
    const facts = this.#facts
    if (!this.#open || facts === null) return this.#giveUp()
    this.#open = false
    const kept = this.#store.lock.run(() => {
      const slots = this.#slots
      const changed = this.#awaited
        ? slots.get(this.#slot, Slot.doomed) === 1
        : this.#store.changes !== this.#since
      if (changed) {
        slots.remove(this.#slot)
        return false
      }
      this.#replace(facts)
      slots.set(this.#slot, Slot.bodyLength, this.#length)
      slots.set(this.#slot, Slot.state, State.ready)
      // Only what is asked for again is worth more than what was there before.
      slots.set(this.#slot, Slot.used, this.#unmeasured ? 1 : 0)
      slots.touch(this.#slot)
      slots.layout.words[Head.answers]!++
      if (!this.#awaited) slots.link(this.#slot)
      if (this.#unmeasured) slots.shrink(this.#place.route, Math.floor(this.#routeMost / BLOCK))
      return true
    })
    if (this.#awaited) this.#store.flights.look()
    return kept
  }

  /** Answers to this key are not kept for the next seconds: nobody need wait for another. */
  pass(seconds: number): void {
    if (!this.#open) return
    this.#open = false
    this.#store.lock.run(() => {
      if (!this.#awaited) {
        this.#slots.remove(this.#slot)
        return
      }
      this.#slots.set(this.#slot, Slot.state, State.pass)
      this.#slots.set(this.#slot, Slot.until, Math.floor(Date.now() / 1000) + seconds)
      this.#slots.touch(this.#slot)
    })
    this.#store.flights.look()
  }

  abandon(): void {
    this.#giveUp()
  }

  #giveUp(): false {
    if (!this.#open) return false
    this.#store.lock.run(() => this.#drop())
    this.#store.flights.look()
    return false
  }

  #drop(): false {
    this.#open = false
    this.#slots.remove(this.#slot)
    return false
  }

  /** The answer takes the place of those that would be given to the same requests. */
  #replace(facts: HeadFacts): void {
    const same = variantOf(facts)
    let variants = 0
    for (const slot of this.#slots.find(this.#key)) {
      if (slot === this.#slot || this.#slots.get(slot, Slot.state) !== State.ready) continue
      if (variants >= MOST_VARIANTS - 1 || variantOf(this.#store.headOf(slot).facts) === same)
        this.#slots.remove(slot)
      else variants++
    }
  }
}

function variantOf({ selected, part }: HeadFacts): string {
  return JSON.stringify([selected, part === null ? null : [part.first, part.last]])
}

/** Blocks that a route may hold so that some more fit. */
function roomFor(bytes: number, wanted: number): number {
  return Math.max(0, Math.floor(bytes / BLOCK) - wanted)
}
