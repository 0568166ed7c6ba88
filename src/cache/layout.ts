/**
 * How the memory of the cache is laid out: one `SharedArrayBuffer` that every thread of an instance sees.
 *
 * Bodies and heads lie in blocks of equal size, chained; a slot tells of one answer where its chains begin. Nothing is
 * written before it is used, so memory that the cache does not need yet costs nothing.
 */
import { randomBytes } from 'node:crypto'

/** What travels to other threads. */
export interface CacheMemory {
  readonly memory: SharedArrayBuffer
  readonly blocks: number
  readonly slots: number
  readonly threads: number
}

/** Bytes of a block. */
export const BLOCK = 2048
/** Least memory that makes sense, bytes. */
export const LEAST_MEMORY = 64 * BLOCK
/** Most memory: positions are 32-bit numbers. */
export const MOST_MEMORY = 2 ** 31 - 2 ** 20

/** Words of the header. */
export const Head = {
  /** Thread that holds the lock, plus one. */
  lock: 0,
  waiting: 1,
  /** A thread died while it held the lock: nothing is known of the state any more. */
  broken: 2,
  /** First block of the free list, plus one; blocks from `blockMark` on were never used. */
  freeBlock: 3,
  blockMark: 4,
  usedBlocks: 5,
  freeSlot: 6,
  slotMark: 7,
  hand: 8,
  /** Grows with every purge and invalidation. */
  changes: 9,
  answers: 10,
  evicted: 11,
  hits: 12,
  stale: 13,
  misses: 14,
  bypassed: 15,
  seed: 16,
} as const
const HEADER_WORDS = 64
const SEED_BYTES = 32

/** Words of a slot. */
export const Slot = {
  state: 0,
  /** Grows with every change of the slot. */
  version: 1,
  key: 2,
  route: 6,
  url: 8,
  head: 10,
  headLength: 11,
  tags: 12,
  body: 13,
  bodyLength: 14,
  blocks: 15,
  /** Next slot of the same bucket, plus one. */
  next: 16,
  /** Asked for since the hand came by. */
  used: 17,
  /** Thread that fills it. */
  filler: 18,
  linked: 19,
  /** What is being fetched was purged meanwhile. */
  doomed: 20,
  /** End of a pass, seconds since 1970. */
  until: 21,
} as const
export const SLOT_WORDS = 24

export interface Layout {
  readonly words: Int32Array
  readonly bytes: Uint8Array
  readonly blocks: number
  readonly slots: number
  readonly threads: number
  /** First word of the buckets, of the slots, of the pins, of the links between blocks. */
  readonly buckets: number
  readonly slotsAt: number
  readonly pinsAt: number
  readonly linksAt: number
  /** First byte of the blocks. */
  readonly dataAt: number
}

function offsets({ blocks, slots, threads }: Omit<CacheMemory, 'memory'>) {
  const buckets = HEADER_WORDS
  const slotsAt = buckets + slots
  const pinsAt = slotsAt + slots * SLOT_WORDS
  const linksAt = pinsAt + slots * threads
  const dataAt = (linksAt + blocks) * 4
  return { buckets, slotsAt, pinsAt, linksAt, dataAt: Math.ceil(dataAt / 4096) * 4096 }
}

/** Allocates about `bytes` for answers, and some five percent more to find them. */
export function createCacheMemory(bytes: number, threads: number): CacheMemory {
  if (!(bytes >= LEAST_MEMORY && bytes <= MOST_MEMORY))
    throw new RangeError(`the memory of the cache must be ${LEAST_MEMORY} to ${MOST_MEMORY} bytes`)
  const blocks = Math.floor(bytes / BLOCK)
  const size = { blocks, slots: Math.max(64, Math.ceil(blocks / 2)), threads }
  const memory = new SharedArrayBuffer(offsets(size).dataAt + blocks * BLOCK)
  new Uint8Array(memory, Head.seed * 4, SEED_BYTES).set(randomBytes(SEED_BYTES))
  return { ...size, memory }
}

export function layoutOf(cache: CacheMemory): Layout {
  const { memory, blocks, slots, threads } = cache
  return {
    words: new Int32Array(memory),
    bytes: new Uint8Array(memory),
    blocks,
    slots,
    threads,
    ...offsets(cache),
  }
}

/** The secret of the instance that keys are hashed with, so that nobody can craft two that meet. */
export function seedOf({ memory }: CacheMemory): string {
  return Buffer.from(new Uint8Array(memory, Head.seed * 4, SEED_BYTES)).toString('base64')
}
