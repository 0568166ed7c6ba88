/** The body of a request chunk by chunk, with back-pressure. */
import type { ServerExchange } from '../http/contract.ts'
import { badRequest } from './api-error.ts'
import { tooLarge } from './request-body.ts'

/** About `readAhead` bytes wait at most. Rejects with 413 above `limit` bytes, 400 when the client breaks off. */
export async function* readChunks(
  exchange: ServerExchange,
  limit: number,
  readAhead: number,
): AsyncGenerator<Buffer> {
  if (exchange.bodyLength > limit) throw tooLarge(limit)
  const state = {
    waiting: [] as Buffer[],
    ahead: 0,
    size: 0,
    ended: false,
    error: null as unknown,
    wake: () => {},
  }
  const end = (error: unknown) => {
    if (!state.ended) Object.assign(state, { ended: true, error })
    state.wake()
  }
  exchange.readBody({
    data(chunk) {
      if (state.ended) return true
      state.size += chunk.length
      if (state.size > limit) {
        end(tooLarge(limit))
        return true
      }
      // A chunk is valid only during the call.
      state.waiting.push(Buffer.from(chunk))
      state.ahead += chunk.length
      state.wake()
      return state.ahead < readAhead
    },
    end: () => end(null),
    error: error => end(badRequest(`the body could not be read: ${error.message}`)),
  })
  try {
    for (;;) {
      if (state.error !== null) throw state.error
      const chunks = state.waiting
      state.waiting = []
      state.ahead = 0
      yield* chunks
      if (state.waiting.length > 0 || state.error !== null) continue
      if (state.ended) return
      await new Promise<void>(resolve => {
        state.wake = resolve
        exchange.resumeBody()
      })
    }
  } finally {
    // Whoever stops reading early refuses the rest: it is let through and forgotten.
    end(null)
    exchange.resumeBody()
  }
}
