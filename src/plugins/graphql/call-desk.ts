/** Calls that one query makes: bounded in number and at a time, and the same one only once. */
import { GraphQLError } from 'graphql'
import { type CallAnswer, CallFailed, type OutgoingCall, type OutgoingCalls } from '../../plugin/index.ts'

/** Calls of one query. */
const MOST_CALLS = 500
const MOST_AT_ONCE = 16

export class CallDesk {
  readonly #calls: OutgoingCalls
  readonly #complain: (message: string) => void
  readonly #known = new Map<string, Promise<CallAnswer>>()
  readonly #waiting: (() => void)[] = []
  #made = 0
  #open = 0

  constructor(calls: OutgoingCalls, complain: (message: string) => void) {
    this.#calls = calls
    this.#complain = complain
  }

  /** Rejects with an error that may be told. */
  send(call: OutgoingCall): Promise<CallAnswer> {
    if (call.method !== 'GET') return this.#send(call)
    const key = JSON.stringify([call.url, call.headers])
    let answer = this.#known.get(key)
    if (answer === undefined) {
      answer = this.#send(call)
      this.#known.set(key, answer)
    }
    return answer
  }

  async #send(call: OutgoingCall): Promise<CallAnswer> {
    if (++this.#made > MOST_CALLS) throw new GraphQLError(`the query makes more than ${MOST_CALLS} calls`)
    while (this.#open >= MOST_AT_ONCE) await new Promise<void>(go => this.#waiting.push(go))
    this.#open++
    try {
      return await this.#calls.send(call)
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error
      this.#complain(error.message)
      throw new GraphQLError('a service did not answer')
    } finally {
      this.#open--
      this.#waiting.shift()?.()
    }
  }
}
