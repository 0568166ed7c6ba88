/** A route in the router: its text until somebody calls it, then its compiled form. */
import type { CompiledRoute } from '../compile/compiled-route.ts'

/** Compiles the route of a router key as its revision has it. One for all entries. Never rejects. */
export type CompileEntry = (key: string) => Promise<CompiledRoute>

export class RouteEntry {
  readonly key: string
  readonly #compile: CompileEntry
  #compiled: CompiledRoute | null = null
  /** Compiled from an older revision; kept until its successor is there, so that connections and counts live on. */
  #stale: CompiledRoute | null = null
  #compiling: Promise<CompiledRoute> | null = null
  #generation = 0
  #gone = false

  constructor(key: string, compile: CompileEntry, compiled: CompiledRoute | null = null) {
    this.key = key
    this.#compile = compile
    this.#compiled = compiled
  }

  /** The compiled route, at once when it is known. */
  get compiled(): CompiledRoute | null {
    return this.#compiled
  }

  /** It is being compiled, from what was there when that began. */
  get compiling(): boolean {
    return this.#compiling !== null
  }

  /** Compiles on first use; callers that come together share the work. */
  ready(): CompiledRoute | Promise<CompiledRoute> {
    if (this.#compiled !== null) return this.#compiled
    this.#compiling ??= this.#make(this.#generation)
    return this.#compiling
  }

  /** What it was compiled from has changed: the next request compiles it anew. */
  invalidate(): void {
    this.#generation++
    this.#compiling = null
    if (this.#compiled === null) return
    this.#stale?.retire()
    this.#stale = this.#compiled
    this.#compiled = null
  }

  /** Gives everything back. Requests in flight finish. */
  retire(): void {
    this.#gone = true
    this.#generation++
    this.#stale?.retire()
    this.#compiled?.retire()
    this.#stale = null
    this.#compiled = null
  }

  async #make(generation: number): Promise<CompiledRoute> {
    const compiled = await this.#compile(this.key)
    if (generation !== this.#generation) {
      // Changed meanwhile. Whoever waits gets the newest; this one serves nobody.
      compiled.retire()
      return this.#gone ? compiled : this.ready()
    }
    this.#compiled = compiled
    this.#compiling = null
    this.#stale?.retire()
    this.#stale = null
    return compiled
  }
}
