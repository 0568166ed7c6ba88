/**
 * Passwords that are good, as far as a thread knows, and the questions about others.
 *
 * Guarantees: what is remembered is found only by the same name and password from the same address, under a key that dies with the thread;
 * memory and the number of open questions are bounded; an answer that does not come is no.
 */
import { createHmac, randomBytes } from 'node:crypto'
import type { PasswordAnswer, PasswordQuestion } from '../identity/password-question.ts'

/** Questions of one thread that may wait for an answer. */
const MOST_OPEN = 256
/** Milliseconds until a question is given up. */
const PATIENCE = 15_000
const MOST_REMEMBERED = 10_000
/** Milliseconds a good password is remembered: so long a user of a directory who was removed there may still come. */
const REMEMBERED = 60_000

interface Remembered {
  readonly answer: PasswordAnswer
  /** What the answer depends on: another object, another answer. */
  readonly owner: unknown
  readonly until: number
}

export class PasswordDesk {
  readonly #key = randomBytes(32)
  readonly #good = new Map<string, Remembered>()
  /** Questions on their way: who asks the same meanwhile waits for the one answer. */
  readonly #asked = new Map<string, { readonly owner: unknown; readonly answer: Promise<PasswordAnswer> }>()
  readonly #open = new Map<number, (answer: PasswordAnswer) => void>()
  readonly #send: (id: number, question: PasswordQuestion) => void
  readonly #now: () => number
  #last = 0

  constructor(send: (id: number, question: PasswordQuestion) => void, now: () => number = Date.now) {
    this.#send = send
    this.#now = now
  }

  /** The answer, remembered while it is good and `owner` is the same. */
  async ask(question: PasswordQuestion, owner: unknown): Promise<PasswordAnswer> {
    const key = this.#keyOf(question)
    const known = this.#good.get(key)
    if (known !== undefined && known.owner === owner && this.#now() < known.until) return known.answer
    const asked = this.#asked.get(key)
    if (asked !== undefined && asked.owner === owner) return asked.answer
    if (this.#open.size >= MOST_OPEN) return { kind: 'wait', seconds: 1 }
    const answer = this.#question(question)
    const entry = { owner, answer }
    this.#asked.set(key, entry)
    const given = await answer
    if (this.#asked.get(key) === entry) this.#asked.delete(key)
    if (given.kind === 'user' || given.kind === 'matches') this.#remember(key, given, owner)
    return given
  }

  answered(id: number, answer: PasswordAnswer): void {
    this.#open.get(id)?.(answer)
  }

  #question(question: PasswordQuestion): Promise<PasswordAnswer> {
    const id = ++this.#last
    return new Promise(resolve => {
      const done = (answer: PasswordAnswer): void => {
        clearTimeout(timer)
        this.#open.delete(id)
        resolve(answer)
      }
      const timer = setTimeout(() => done({ kind: 'wait', seconds: 5 }), PATIENCE)
      this.#open.set(id, done)
      this.#send(id, question)
    })
  }

  #remember(key: string, answer: PasswordAnswer, owner: unknown): void {
    this.#good.delete(key)
    if (this.#good.size >= MOST_REMEMBERED) this.#good.delete(this.#good.keys().next().value!)
    this.#good.set(key, { answer, owner, until: this.#now() + REMEMBERED })
  }

  /**
   * Lists rather than joined texts: no name ends where another password begins. The address is part of it: somebody who has to wait
   * elsewhere must not learn here that a password is right, because its owner has just shown it.
   */
  #keyOf(question: PasswordQuestion): string {
    const { kind, username, password, from } = question
    const about = kind === 'module' ? question.module : question.hash
    const parts = [kind, about, username, password, from]
    return createHmac('sha256', this.#key).update(JSON.stringify(parts)).digest('base64')
  }
}
