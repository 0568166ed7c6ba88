/**
 * Bodies read whole, for plugins that cannot work on pieces.
 *
 * Guarantees: no more than the limit is kept, neither of what came nor of what it decodes to; a body that cannot be read ends
 * the request with a reason, since letting it pass would pass by the plugin; what is sent on has the length, coding and charset
 * that its header says.
 */
import type { HeaderBlock } from '../../http/headers.ts'
import {
  type Body,
  BodyFault,
  BodyTooLarge,
  type Exchange,
  type PluginServices,
  type ReasonCode,
  refuse,
} from '../../plugin/index.ts'
import { bodyChanged } from '../changed-body.ts'
import { count, setting } from '../settings.ts'
import { asUtf8, type ReadText, readText, UnreadableText } from './charset.ts'
import { askReadable, type BodyCoding, codingOf, decode, encode } from './content-coding.ts'

/** The setting of the plugins that read bodies. */
export const maxBodySize = setting(
  count,
  null,
  'Longest body that is read, decoded, in bytes; that of the process (`otoroshi.plugins.maxBodySize`) unless given',
)

/** The limit of a plugin in bytes. */
export function limitOf(config: { readonly max_body_size: number | null }, services: PluginServices): number {
  return config.max_body_size ?? services.bodyLimit
}

/** A body that was read. */
export interface WholeBody {
  /** Decoded. */
  readonly bytes: Buffer
  /** The text of the body; `fallback`: charset when nothing names one. Throws `BodyFault`. */
  text(fallback?: string): ReadText
  /** Sends this instead. `contentType`: null leaves the one that is there. */
  replace(content: string | Buffer, contentType: string | null): Promise<void>
}

interface Side {
  readonly headers: HeaderBlock
  readonly body: Body
}

interface Reasons {
  readonly bad: ReasonCode
  readonly unknown: ReasonCode
  readonly long: ReasonCode
}

const ofRequest: Reasons = {
  bad: 'transform.bad_request_body',
  unknown: 'transform.unknown_coding',
  long: 'body_too_large',
}
const ofResponse: Reasons = {
  bad: 'transform.bad_response_body',
  unknown: 'transform.bad_response_body',
  long: 'transform.response_too_large',
}

/** The body of the request as it would go to the backend; null when there is none. Throws `BodyFault`. */
export async function wholeRequest({ upstream }: Exchange, limit: number): Promise<WholeBody | null> {
  if (upstream.body.length === 0) return null
  return read(upstream, limit, ofRequest, async content => {
    upstream.headers.delete('content-encoding')
    return content
  })
}

/**
 * The body of the answer; null when there is none. Throws `BodyFault`, also for a part of a body: whoever asks for one would
 * get by the plugin.
 */
export async function wholeResponse(exchange: Exchange, limit: number): Promise<WholeBody | null> {
  const { response } = exchange
  const { status, headers, body } = response
  if (exchange.request.method === 'HEAD') {
    unknownLength(body)
    bodyChanged(headers)
    return null
  }
  if (body.length === 0 || status === 204 || status === 304) return null
  if (status === 206 || headers.has('content-range')) throw fault(ofResponse.bad, 'it is a part of a body')
  // The client wanted it encoded, and has it as before.
  return read(response, limit, ofResponse, encode)
}

/** Asks the backend for answers that can be read: whole ones, in known codings. */
export function askWhole({ upstream: { headers } }: Exchange): void {
  headers.delete('range')
  headers.delete('if-range')
  askReadable(headers)
}

async function read(
  side: Side,
  limit: number,
  reasons: Reasons,
  encoded: (content: Buffer, coding: BodyCoding) => Promise<Buffer>,
): Promise<WholeBody | null> {
  const { headers, body } = side
  const coding = codingOf(headers)
  if (coding === null) throw fault(reasons.unknown, `its coding is ${headers.get('content-encoding')}`)
  const bytes = await decodedBytes(side, coding, limit, reasons)
  if (bytes.length === 0) return null
  return {
    bytes,
    text(fallback = 'utf-8') {
      try {
        return readText(bytes, headers.get('content-type'), fallback)
      } catch (error) {
        if (!(error instanceof UnreadableText)) throw error
        throw fault(error.unknown ? reasons.unknown : reasons.bad, error.message)
      }
    },
    async replace(content, contentType) {
      body.replace(await encoded(Buffer.from(content), coding))
      if (contentType !== null) headers.set('Content-Type', contentType)
      bodyChanged(headers)
    },
  }
}

async function decodedBytes(
  { body }: Side,
  coding: BodyCoding,
  limit: number,
  reasons: Reasons,
): Promise<Buffer> {
  let raw: Buffer
  try {
    raw = await body.read(limit)
  } catch (error) {
    throw error instanceof BodyTooLarge ? fault(reasons.long, error.message) : error
  }
  try {
    return await decode(raw, coding, limit)
  } catch (error) {
    if (error instanceof BodyTooLarge) throw fault(reasons.long, error.message)
    throw fault(reasons.bad, `it is not ${coding}: ${(error as Error).message}`)
  }
}

/** Replaces a text that was read by another one. */
export function replaceText(
  body: WholeBody,
  side: { readonly headers: HeaderBlock },
  read: ReadText,
  text: string,
): Promise<void> {
  return body.replace(text, asUtf8(side.headers.get('content-type'), read))
}

/** The answer to HEAD has no body whose length could be told. */
export function unknownLength(body: Body): void {
  body.transform({ push: chunk => chunk, end: () => null })
}

function fault(reason: ReasonCode, detail: string): BodyFault {
  return new BodyFault(refuse(reason, { detail }))
}
