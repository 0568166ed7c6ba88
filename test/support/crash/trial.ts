/** One store over many rounds: what was done to it, and what must be in it. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStore } from '../../../src/store/open.ts'
import { until } from '../wait.ts'
import { Ledger } from './ledger.ts'
import { Replay } from './replay.ts'

/** Rounds on one data directory. */
const generation = 20

/** Which moment of its life a process is killed in. */
export type Moment = 'writing' | 'starting' | 'ending'

export const momentOf = (round: number): Moment =>
  round % 5 === 0 ? 'starting' : round % 5 === 3 ? 'ending' : 'writing'

export class Trial {
  readonly #storage: string
  readonly #test: TestContext
  readonly #folder = mkdtempSync(join(tmpdir(), 'otoroshi-crash-'))
  ledger = new Ledger()
  replay = new Replay()
  /** An export of its first gateway, before anything was written. */
  base: Record<string, unknown> | null = null
  /** Milliseconds that the last start took. */
  startTime = 300
  acknowledged = 0
  imports = 0
  /** Kills while something was asked for and not answered. */
  inFlight = 0
  readonly moments = { writing: 0, starting: 0, ending: 0 }
  #number = 0

  constructor(storage: string, t: TestContext) {
    this.#storage = storage
    this.#test = t
    t.after(() => rmSync(this.#folder, { recursive: true, force: true }))
  }

  get dataDir(): string {
    return join(this.#folder, `data-${this.#number}`)
  }

  /** To be called before each round: now and then all begins anew in a new directory. */
  async begin(round: number): Promise<void> {
    if (round % generation !== 0) return
    await this.#close()
    this.#number++
    this.ledger = new Ledger()
    this.replay = new Replay()
    this.base = null
  }

  killed(moment: Moment, asked: number): void {
    this.moments[moment]++
    if (this.ledger.all.slice(asked).some(({ state }) => state === 'open')) this.inFlight++
  }

  /** Looks into a copy, so that the next start is the one that repairs. */
  async verify(replay = this.replay): Promise<void> {
    const copy = join(this.#folder, 'copy')
    cpSync(this.dataDir, copy, { recursive: true, filter: path => basename(path) !== 'cache' })
    const store = await openStore({ storage: this.#storage, dataDir: copy })
    try {
      await replay.take(store, this.ledger)
    } finally {
      await store.close()
      rmSync(copy, { recursive: true })
    }
    replay.account(this.ledger)
  }

  // Everything once more, from the first change to the last.
  async #close(): Promise<void> {
    if (this.ledger.all.length > 0) {
      const whole = new Replay()
      await this.verify(whole)
      assert.deepEqual(whole.entities, this.replay.entities)
    }
    this.acknowledged += this.ledger.acknowledged
    this.imports += this.replay.imports
    rmSync(this.dataDir, { recursive: true, force: true })
  }

  /** Looks at everything once more and prints what was done. */
  async end(rounds: number): Promise<void> {
    await this.#close()
    const { writing, starting, ending } = this.moments
    this.#test.diagnostic(
      `${rounds} rounds: killed ${writing} while writing, ${starting} while starting, ${ending} while ending; ` +
        `${this.acknowledged} writes acknowledged, ${this.inFlight} kills with a write in flight, ${this.imports} imports`,
    )
    assert.equal(writing + starting + ending, rounds)
    assert.ok(this.acknowledged > 10 * rounds, `${this.acknowledged} writes`)
    assert.ok(this.inFlight > rounds / 2, `${this.inFlight} in flight`)
    assert.ok(this.imports > rounds / 10, `${this.imports} imports`)
  }
}

/** Waits for a moment some writes from now, whatever the speed of the machine; no longer once it is `over`. */
export async function someWrites(ledger: Ledger, most: number, over: () => boolean): Promise<void> {
  const enough = ledger.acknowledged + 1 + Math.floor(Math.random() * most)
  await until('enough was written', () => over() || ledger.acknowledged >= enough, 120_000)
  await sleep(Math.random() * 10)
}
