/** A bound on the memory of WebAssembly in this thread: what a filter may use, however it multiplies what a client sent. */

const PAGE = 65_536
/** Bytes. */
const MOST = 256 * 1_048_576

let held = 0

/** Must be called before a module is loaded. */
export function boundMemory(): void {
  // Object of its own type: TypeScript knows no WebAssembly without the DOM.
  const { Memory } = (globalThis as unknown as { WebAssembly: { Memory: { prototype: GrowingMemory } } })
    .WebAssembly
  const grow = Memory.prototype.grow
  Memory.prototype.grow = function (this: GrowingMemory, pages: number): number {
    const wanted = this.buffer.byteLength + pages * PAGE
    if (wanted > MOST) throw new RangeError(`more than ${MOST} bytes of memory`)
    held = Math.max(held, wanted)
    return grow.call(this, pages)
  }
}

/** Most bytes a module has grown to; 0 while none had to. */
export function wasmMemory(): number {
  return held
}

interface GrowingMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}
