/** The pieces of an exchange for tests: the gateway's own classes over a connection that does not exist. */
import { GatewayRequest } from '../../gateway/pipeline/client-request.ts'
import { MessageBody } from '../../gateway/pipeline/message-body.ts'
import { HeaderBlock, type HttpVersion, type ServerExchange, type TlsFacts } from '../../http/index.ts'
import type { RouteView, TargetView } from '../contract.ts'

/** Header fields as an object or as pairs (for repeated names). */
export type Fields = Readonly<Record<string, string>> | ReadonlyArray<readonly [string, string]>

/** A body: text, bytes, or the chunks in which it arrives. */
export type BodyInput = string | Uint8Array | readonly (string | Uint8Array)[]

export interface RequestInput {
  readonly method?: string
  /** Path and query, or a whole URL whose host becomes `Host`. `/` unless given. */
  readonly url?: string
  readonly headers?: Fields
  readonly body?: BodyInput
  /** Declare no length, as chunked messages do. */
  readonly chunked?: boolean
  readonly version?: HttpVersion
  /** Address of the connection; 127.0.0.1 unless given. */
  readonly ip?: string
  readonly tls?: TlsFacts
  readonly listener?: string
  readonly pathParams?: Readonly<Record<string, string>>
}

export function headerBlock(fields: Fields | undefined): HeaderBlock {
  return HeaderBlock.from(fields === undefined ? [] : isPairs(fields) ? fields : Object.entries(fields))
}

function isPairs(fields: Fields): fields is ReadonlyArray<readonly [string, string]> {
  return Array.isArray(fields)
}

function chunksOf(body: BodyInput | undefined): Buffer[] {
  if (body === undefined) return []
  const list = typeof body === 'string' || body instanceof Uint8Array ? [body] : body
  return list.map(chunk => Buffer.from(chunk as string)).filter(chunk => chunk.length > 0)
}

/** A body that arrives in the given chunks. */
export function bodyOf(input: BodyInput | undefined, chunked: boolean): MessageBody {
  const chunks = chunksOf(input)
  const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  return new MessageBody(chunked && size > 0 ? -1 : size, reader => {
    let at = 0
    const pour = (): void => {
      while (at < chunks.length) if (!reader.data(chunks[at++]!)) return
      if (at++ === chunks.length) reader.end(null)
    }
    pour()
    return pour
  })
}

/** What a message came out as. `cut`: it ended with an error. */
export interface SentBody {
  readonly body: Buffer
  readonly cut: Error | null
  /** Length declared in the head; -1 for none. */
  readonly length: number
}

/** Runs a body to its end. */
export function collect(body: MessageBody): Promise<SentBody> {
  const { length } = body
  return new Promise(resolve => {
    const chunks: Buffer[] = []
    const done = (cut: Error | null): void => resolve({ body: Buffer.concat(chunks), cut, length })
    body.flow({
      data: chunk => {
        chunks.push(Buffer.from(chunk))
        return true
      },
      end: () => done(null),
      error: done,
    })
  })
}

/** The request of a client. `trusted`: `X-Forwarded-*` are believed. */
export function clientRequest(input: RequestInput, trusted: boolean): GatewayRequest {
  const url = new URL(input.url ?? '/', 'http://gateway.test')
  const headers = headerBlock(input.headers)
  if (!headers.has('host')) headers.append('Host', url.host)
  const size = bodyOf(input.body, input.chunked ?? false).length
  const unavailable = (): never => {
    throw new Error('there is no connection in a plugin test')
  }
  const exchange: ServerExchange = {
    method: input.method ?? 'GET',
    target: url.pathname + url.search,
    version: input.version ?? 11,
    headers,
    authority: headers.get('host') ?? '',
    scheme: input.tls === undefined && url.protocol === 'http:' ? 'http' : 'https',
    bodyLength: size,
    connection: {
      remoteAddress: input.ip ?? '127.0.0.1',
      remotePort: 40000,
      localPort: 8080,
      listener: input.listener ?? 'standard-listener',
      tls: input.tls ?? null,
    },
    upgrade: null,
    readBody: unavailable,
    resumeBody: unavailable,
    inform: unavailable,
    writeHead: unavailable,
    writeBody: unavailable,
    end: unavailable,
    flush: unavailable,
    abort: unavailable,
    acceptUpgrade: unavailable,
    onClose: null,
    onDrain: null,
  }
  const request = new GatewayRequest(exchange, trusted)
  if (input.pathParams !== undefined) request.pathParams = input.pathParams
  return request
}

export const defaultTarget: TargetView = Object.freeze({
  id: 'target_1',
  hostname: 'backend.test',
  port: 443,
  tls: true,
})

/** A route with the given differences. */
export function routeView(more: Partial<RouteView> = {}): RouteView {
  return {
    id: 'route_test',
    name: 'Route under test',
    groups: ['default'],
    tags: [],
    metadata: {},
    domains: ['gateway.test'],
    stripPath: true,
    backendRoot: '/',
    backendRewrite: false,
    targets: [defaultTarget],
    json: { id: 'route_test' },
    ...more,
  }
}
