/**
 * Shared cells: numbers that all threads of an instance see, addressed by text key, in one `SharedArrayBuffer`.
 *
 * Guarantees: two threads that open the same key and type get the same cell; opening and closing never block, whatever
 * another thread does or where it dies; a cell lives while some thread holds it and starts at zero afterwards; keys are
 * hashed with a secret of the instance, so nobody can craft two keys that meet. Memory is bounded by the capacity.
 * Not guaranteed: sharing once the table is full (`cell.shared` is then false and `overflows` grows: the thread counts
 * alone); release of what a thread held that was terminated without `close`; durability.
 *
 * Opening costs microseconds and is for set-up; operations on an open cell cost nanoseconds.
 */
import { createHash, randomBytes } from 'node:crypto'
import { type Cell, CellHandle, type FloatCell, FloatHandle, type LongCell, LongHandle } from './cell.ts'
import {
  claimSlot,
  isUsed,
  type Layout,
  layoutOf,
  longAt,
  releaseSlot,
  SEED_BYTES,
  sizeOf,
  wordAt,
} from './cell-table.ts'

export type { Cell, FloatCell, LongCell } from './cell.ts'

/** What travels to other threads: give it as `workerData` or in a message. */
export type CellMemory = SharedArrayBuffer

type CellType = 'int' | 'long' | 'float'

interface Held {
  readonly cell: Cell | LongCell | FloatCell
  /** Index of the slot, or -1 for a cell of this thread alone. */
  readonly slot: number
  holders: number
}

/** Default number of cells; 24 bytes each, and a page of memory is only taken once a cell in it is used. */
const DEFAULT_CAPACITY = 262_144

/** Allocates the memory of an instance's cells. `capacity` is rounded up to a power of two, at least 64. */
export function createCellMemory(capacity: number = DEFAULT_CAPACITY): CellMemory {
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > 1 << 24)
    throw new RangeError(`capacity of shared cells must be 1 to ${1 << 24}, not ${capacity}`)
  const slots = Math.max(64, 2 ** Math.ceil(Math.log2(capacity)))
  const memory = new SharedArrayBuffer(sizeOf(slots))
  new Uint8Array(memory, 0, SEED_BYTES).set(randomBytes(SEED_BYTES))
  return memory
}

/** One thread's view of the instance's cells. */
export class SharedCells {
  readonly memory: CellMemory
  readonly #layout: Layout
  readonly #seed: Uint8Array
  readonly #held = new Map<string, Held>()

  constructor(memory: CellMemory = createCellMemory()) {
    this.memory = memory
    this.#layout = layoutOf(memory)
    this.#seed = new Uint8Array(memory, 0, SEED_BYTES).slice()
  }

  /** Opens a 32-bit signed integer. It wraps around; every `open` wants one `close`. */
  open(key: string): Cell {
    return this.#open('int', key) as Cell
  }

  /** Opens a 64-bit integer whose values stay within ±2^53. Operations cost tens of nanoseconds. */
  openLong(key: string): LongCell {
    return this.#open('long', key) as LongCell
  }

  /** Opens a double. Operations cost tens of nanoseconds. */
  openFloat(key: string): FloatCell {
    return this.#open('float', key) as FloatCell
  }

  /** Gives a cell of this thread back. The last thread to do so frees it. */
  close(cell: Cell | LongCell | FloatCell): void {
    const name = (cell as CellHandle).name
    const held = this.#held.get(name)
    if (held === undefined || held.cell !== cell) return
    if (--held.holders > 0) return
    this.#held.delete(name)
    if (held.slot >= 0) releaseSlot(this.#layout, held.slot)
  }

  /** How often a cell could not be shared because the table was full, over all threads. */
  get overflows(): number {
    return Atomics.load(this.#layout.header, 0)
  }

  /** Cells that any thread holds. Walks the table: for reports. */
  get used(): number {
    let used = 0
    for (let slot = 0; slot < this.#layout.slots; slot++) if (isUsed(this.#layout, slot)) used++
    return used
  }

  get capacity(): number {
    return this.#layout.slots
  }

  #open(type: CellType, key: string): Cell | LongCell | FloatCell {
    const name = `${type} ${key}`
    const known = this.#held.get(name)
    if (known !== undefined) {
      known.holders++
      return known.cell
    }
    const slot = claimSlot(this.#layout, this.#hash(name))
    if (slot < 0) Atomics.add(this.#layout.header, 0, 1)
    const cell = handleOf(type, name, this.#layout, slot)
    this.#held.set(name, { cell, slot, holders: 1 })
    return cell
  }

  /** 64 bits of SHA-256 with the instance's secret; never zero, which means an empty slot. */
  #hash(name: string): bigint {
    const digest = createHash('sha256').update(this.#seed).update(name).digest()
    return digest.readBigInt64LE(0) || 1n
  }
}

function handleOf(type: CellType, name: string, layout: Layout, slot: number): Cell | LongCell | FloatCell {
  const shared = slot >= 0
  const words = shared ? layout.words : new Int32Array(new SharedArrayBuffer(8))
  if (type === 'int') return new CellHandle(name, shared, words, shared ? wordAt(slot) : 0)
  const longs = shared ? layout.longs : new BigInt64Array(words.buffer)
  const at = shared ? longAt(slot) : 0
  return type === 'long' ? new LongHandle(name, shared, longs, at) : new FloatHandle(name, shared, longs, at)
}
