/**
 * Commits in a cluster, where the keys of one commit lie on several servers and no script reaches them all.
 *
 * One writer has its turn at a time. A commit over several slots first leaves a journal beside the lock, then writes slot by
 * slot, then removes the journal. Whoever has the next turn finishes a journal that was left behind.
 *
 * Guarantees: all or nothing in the end, whatever breaks in between; a writer that was held up so long that it lost its turn
 * cannot write over what came later (each slot remembers the last turn). Not guaranteed: a reader may see the slots of one
 * commit a moment apart; an Otoroshi that writes between the check of a precondition and the write is not noticed, unless all is in one
 * slot; a server that loses acknowledged writes in a failover loses them for us too.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Change, type Precondition, StoreConflict, StoreUnavailable } from '../contract.ts'
import type { Client } from './clients.ts'
import { type Commits, refuseConflict, written } from './commit.ts'
import { acquireScript, journalScript, releaseScript, run, slotScript, unlockScript } from './scripts.ts'
import { slotOf, tagOf } from './slots.ts'

interface Journal {
  readonly changes: readonly Change[]
  readonly notices: readonly string[]
}

interface Turn {
  readonly token: string
  readonly number: string
}

/** `timeout`: milliseconds to wait for a turn. */
export function commitsInCluster(root: string, channel: string, timeout: number): Commits {
  if (/[{}]/.test(root))
    throw new StoreUnavailable('the storage root may not have braces: a Redis cluster places keys by them')
  return new ClusterCommits(root, channel, timeout)
}

class ClusterCommits implements Commits {
  readonly ownKeys: string
  /** A set in one slot would be written by every commit, and so would a sum of what was counted. */
  readonly names = null
  readonly counted = null
  readonly #lock: string
  readonly #turn: string
  readonly #journal: string
  readonly #channel: string
  readonly #timeout: number
  #last: Promise<unknown> = Promise.resolve()

  constructor(root: string, channel: string, timeout: number) {
    this.ownKeys = `${root}:store:{`
    this.#lock = `${root}:store:{commits}:lock`
    this.#turn = `${root}:store:{commits}:turn`
    this.#journal = `${root}:store:{commits}:journal`
    this.#channel = channel
    this.#timeout = timeout
  }

  commit(
    client: Client,
    changes: readonly Change[],
    preconditions: readonly Precondition[],
    notices: readonly string[],
  ): Promise<void> {
    return this.#afterOthers(async () => {
      const journal = { changes, notices }
      const turn = await this.#begin(client)
      let decided = false
      try {
        await expect(client, preconditions)
        const slots = bySlot(changes)
        if (slots.size > 1) {
          await this.#write(client, turn, journal)
          decided = true
        }
        for (const [slot, own] of slots)
          await this.#apply(client, turn, slot, own, decided ? [] : inSlot(preconditions, slot))
      } catch (error) {
        await run(client, unlockScript, [this.#lock], [turn.token]).catch(() => {})
        if (!decided) throw error
        // The journal is there: whoever comes next finishes it, so better us, now.
        try {
          await this.#end(client, await this.#begin(client))
        } catch (reason) {
          throw new StoreUnavailable('the change has begun and will be finished when it can be', reason)
        }
        return
      }
      // Done: what fails now is made good by whoever finishes the journal, or by a look.
      await this.#tell(client, notices)
        .then(() => this.#end(client, turn))
        .catch(() => {})
    })
  }

  /** Finishes what a writer that is gone has begun. */
  async recover(client: Client): Promise<void> {
    if ((await client.exists(this.#journal)) === 0) return
    await this.#afterOthers(async () => this.#end(client, await this.#begin(client)))
  }

  // Writers of this process queue here rather than at the lock.
  #afterOthers<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => {})
    return done
  }

  /** Waits for a turn, and finishes a journal that was left. */
  async #begin(client: Client): Promise<Turn> {
    const token = randomUUID()
    const until = Date.now() + this.#timeout
    const keys = [this.#lock, this.#turn, this.#journal]
    const lease = String(Math.max(2 * this.#timeout, 10_000))
    for (;;) {
      const answer = (await run(client, acquireScript, keys, [token, lease])) as [string, string | null]
      if (answer[0] !== '0') {
        const turn = { token, number: answer[0] }
        if (answer[1] !== null) await this.#finish(client, turn, JSON.parse(answer[1]) as Journal)
        return turn
      }
      if (Date.now() > until) throw new StoreUnavailable('other instances are writing to Redis all the time')
      await sleep(2 + Math.random() * 10)
    }
  }

  async #finish(client: Client, turn: Turn, { changes, notices }: Journal): Promise<void> {
    try {
      for (const [slot, own] of bySlot(changes)) await this.#apply(client, turn, slot, own, [])
      await this.#tell(client, notices)
    } catch (error) {
      await run(client, unlockScript, [this.#lock], [turn.token]).catch(() => {})
      throw error
    }
  }

  async #write(client: Client, { token }: Turn, journal: Journal): Promise<void> {
    const keys = [this.#lock, this.#journal]
    if ((await run(client, journalScript, keys, [token, JSON.stringify(journal)])) !== 1) throw lostTurn()
  }

  async #apply(
    client: Client,
    { number }: Turn,
    slot: number,
    changes: readonly Change[],
    preconditions: readonly Precondition[],
  ): Promise<void> {
    const fence = `${this.ownKeys}${tagOf(slot)}}:turn`
    const { keys, args } = written(changes, preconditions, [fence])
    const answer = await run(client, slotScript, keys, [number, ...args])
    if (answer === -1) throw lostTurn()
    refuseConflict(answer, preconditions)
  }

  // Told after the last slot, so that nobody reads half of it because of us.
  async #tell(client: Client, notices: readonly string[]): Promise<void> {
    for (const notice of notices) await client.publish(this.#channel, notice)
  }

  async #end(client: Client, { token }: Turn): Promise<void> {
    await run(client, releaseScript, [this.#lock, this.#journal], [token])
  }
}

async function expect(client: Client, preconditions: readonly Precondition[]): Promise<void> {
  const found = await Promise.all(
    preconditions.map(({ key }) =>
      client.get(key).catch(error => {
        if (error instanceof Error && error.message.startsWith('WRONGTYPE')) throw new StoreConflict(key)
        throw error
      }),
    ),
  )
  for (const [i, { key, value }] of preconditions.entries())
    if (found[i] !== value) throw new StoreConflict(key)
}

function bySlot(changes: readonly Change[]): Map<number, Change[]> {
  const slots = new Map<number, Change[]>()
  for (const change of changes) {
    const slot = slotOf(change.key)
    const own = slots.get(slot)
    if (own === undefined) slots.set(slot, [change])
    else own.push(change)
  }
  return slots
}

function inSlot(preconditions: readonly Precondition[], slot: number): Precondition[] {
  return preconditions.filter(({ key }) => slotOf(key) === slot)
}

function lostTurn(): StoreUnavailable {
  return new StoreUnavailable('this instance was held up too long while writing to Redis')
}
