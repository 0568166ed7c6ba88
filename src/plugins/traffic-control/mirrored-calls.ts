/** Copies of bodies and calls that nobody waits for: bounded in number and length. */
import {
  type Body,
  type CallAnswer,
  CallFailed,
  type OutgoingCall,
  type PluginServices,
} from '../../plugin/index.ts'
import { seldomLog } from '../seldom-log.ts'

/** Calls of one route that may be under way on a thread. */
const MOST_OPEN = 100

/** What passed of a body; null once it was longer than allowed. */
export interface BodyCopy {
  content(): Buffer | null
}

/** Keeps a copy of what passes, up to `limit` bytes; the body itself is sent as it comes. */
export function copyOf(body: Body, limit: number): BodyCopy {
  if (body.length === 0) return { content: () => Buffer.alloc(0) }
  let chunks: Buffer[] | null = body.length > limit ? null : []
  let size = 0
  if (chunks !== null)
    body.transform(
      {
        push(chunk) {
          size += chunk.length
          if (size > limit) chunks = null
          chunks?.push(Buffer.from(chunk))
          return chunk
        },
        end: () => null,
      },
      body.length < 0 ? undefined : body.length,
    )
  return { content: () => (chunks === null ? null : Buffer.concat(chunks)) }
}

/** Sends calls without anybody waiting; more than the limit at a time are left out. Answers null for no answer. */
export class UnattendedCalls {
  readonly #services: Pick<PluginServices, 'calls' | 'log'>
  readonly #complain: (message: string) => void
  #open = 0

  constructor(services: PluginServices) {
    this.#services = services
    this.#complain = seldomLog(services)
  }

  async send(call: OutgoingCall): Promise<CallAnswer | null> {
    if (this.#open >= MOST_OPEN) {
      this.#complain(`${MOST_OPEN} mirrored calls are under way: this one is left out`)
      return null
    }
    this.#open++
    try {
      return await this.#services.calls.send(call)
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error
      this.#complain(`a mirrored call failed: ${error.message}`)
      return null
    } finally {
      this.#open--
    }
  }
}
