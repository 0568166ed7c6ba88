/** Answers of the admin API and how they are sent. */
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import type { ServerExchange } from '../http/contract.ts'
import { HeaderBlock } from '../http/headers.ts'
import { reasonPhrase } from '../http/status.ts'

export interface Reply {
  readonly status: number
  readonly headers?: ReadonlyArray<readonly [string, string]>
  /** Content type; absent: no body. */
  readonly type?: string
  /** Text, text that is kept compressed, or pieces of text made while they are sent. */
  readonly body?: string | PackedBody | AsyncIterable<string>
  /** Pieces go out at once, and up to this many bytes are kept for a client that does not read yet. */
  readonly live?: number
}

/** Sent as it is to whoever takes gzip, unpacked for others. */
export interface PackedBody {
  readonly gzip: Buffer
}

const compress = promisify(zlib.gzip)
const unpack = promisify(zlib.gunzip)
/** Shorter bodies are not worth compressing. */
const worthCompressing = 1024

/** Sends a reply. Rejects when the source of the body fails after the head was sent; the exchange is then aborted. */
export async function sendReply(exchange: ServerExchange, reply: Reply): Promise<void> {
  const headers = HeaderBlock.from(reply.headers ?? [])
  const { body, type } = reply
  if (body === undefined || type === undefined) {
    exchange.writeHead(reply.status, reasonPhrase(reply.status), headers, 0)
    exchange.end()
    return
  }
  headers.set('Content-Type', type)
  if (typeof body === 'object' && 'gzip' in body) return sendPacked(exchange, reply.status, headers, body)
  const gzip = acceptsGzip(exchange) && reply.live === undefined && /json|yaml/.test(type)
  if (gzip) headers.append('Vary', 'Accept-Encoding')
  if (typeof body === 'string') return sendText(exchange, reply.status, headers, body, gzip)
  if (gzip) headers.set('Content-Encoding', 'gzip')
  exchange.writeHead(reply.status, reasonPhrase(reply.status), headers, -1)
  if (exchange.method === 'HEAD') return exchange.end()
  const source = gzip ? gzipped(body) : encoded(body)
  await pump(exchange, source, reply.live)
}

async function sendText(
  exchange: ServerExchange,
  status: number,
  headers: HeaderBlock,
  text: string,
  gzip: boolean,
): Promise<void> {
  let bytes: Buffer = Buffer.from(text)
  if (gzip && bytes.length >= worthCompressing) {
    bytes = await compress(bytes)
    headers.set('Content-Encoding', 'gzip')
  }
  exchange.writeHead(status, reasonPhrase(status), headers, bytes.length)
  exchange.writeBody(bytes)
  exchange.end()
}

async function sendPacked(
  exchange: ServerExchange,
  status: number,
  headers: HeaderBlock,
  { gzip }: PackedBody,
): Promise<void> {
  const packed = acceptsGzip(exchange)
  headers.append('Vary', 'Accept-Encoding')
  if (packed) headers.set('Content-Encoding', 'gzip')
  const bytes = packed ? gzip : await unpack(gzip)
  exchange.writeHead(status, reasonPhrase(status), headers, bytes.length)
  exchange.writeBody(bytes)
  exchange.end()
}

async function pump(
  exchange: ServerExchange,
  source: AsyncIterable<Buffer>,
  live: number | undefined,
): Promise<void> {
  let unread = 0
  let closed = false
  let wake: (() => void) | null = null
  const awake = () => {
    unread = 0
    wake?.()
  }
  exchange.onDrain = awake
  exchange.onClose = () => {
    closed = true
    awake()
  }
  try {
    for await (const chunk of source) {
      if (closed) return
      if (!exchange.writeBody(chunk)) unread += chunk.length
      if (live !== undefined) exchange.flush()
      if (unread > (live ?? 0) && !closed)
        await new Promise<void>(resolve => {
          wake = resolve
        })
    }
    exchange.end()
  } catch (error) {
    exchange.abort()
    throw error
  }
}

async function* encoded(source: AsyncIterable<string>): AsyncGenerator<Buffer> {
  for await (const text of source) if (text !== '') yield Buffer.from(text)
}

async function* gzipped(source: AsyncIterable<string>): AsyncGenerator<Buffer> {
  const gzip = zlib.createGzip({ level: 5 })
  const feeding = feed(source, gzip)
  feeding.catch(error => gzip.destroy(error instanceof Error ? error : new Error(String(error))))
  for await (const chunk of gzip) yield chunk as Buffer
  await feeding
}

async function feed(source: AsyncIterable<string>, gzip: zlib.Gzip): Promise<void> {
  for await (const text of source)
    if (!gzip.write(text))
      await new Promise<void>(resolve => {
        gzip.once('drain', resolve)
        gzip.once('close', resolve)
      })
  gzip.end()
}

function acceptsGzip(exchange: ServerExchange): boolean {
  return exchange.headers
    .getAll('accept-encoding')
    .join(',')
    .split(',')
    .some(part => /^\s*(gzip|x-gzip)\s*(;\s*q=(?!0(\.0*)?\s*$)|$)/i.test(part))
}

/** A JSON reply. */
export function jsonReply(
  status: number,
  value: unknown,
  headers: ReadonlyArray<readonly [string, string]> = [],
): Reply {
  return { status, headers, type: 'application/json', body: JSON.stringify(value) }
}
