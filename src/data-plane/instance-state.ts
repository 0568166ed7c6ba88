/** Facts of the instance that threads answer with: written by the main thread, read by all. */

const STORE = 0

export type StoreState = 'unknown' | 'healthy' | 'unreachable'
const states: readonly StoreState[] = ['unknown', 'healthy', 'unreachable']

export class InstanceState {
  readonly memory: SharedArrayBuffer
  readonly #words: Int32Array

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(16)) {
    this.memory = memory
    this.#words = new Int32Array(memory)
  }

  get store(): StoreState {
    return states[Atomics.load(this.#words, STORE)] ?? 'unknown'
  }

  set store(state: StoreState) {
    Atomics.store(this.#words, STORE, states.indexOf(state))
  }
}
