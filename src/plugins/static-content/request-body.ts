/** The body of a request for the plugins that show it: up to a limit, never more. */
import { BodyTooLarge, type Exchange, type FullAnswer, schema as v } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { count, setting } from '../settings.ts'

export const echoSettings = v.looseObject({
  limit: setting(
    count,
    524_288,
    'Longest request body that is shown, bytes; a longer one is answered with 413',
  ),
})

/** The body as it would go to the backend; null when it is longer than `limit` bytes. */
export async function readBody(exchange: Exchange, limit: number): Promise<Buffer | null> {
  try {
    return await exchange.upstream.body.read(limit)
  } catch (error) {
    if (error instanceof BodyTooLarge) return null
    throw error
  }
}

/** 413 in the words of the echo plugins. */
export function tooLarge(limit: number): FullAnswer {
  return bareError(413, 'body_too_large', {
    error: 'request_body_too_large',
    message: `the request body is longer than ${limit} bytes`,
    limit,
  })
}
