/** A request of a login as the data plane passed it on. */
import type { ServerExchange } from '../http/contract.ts'
import type { HeaderBlock } from '../http/headers.ts'
import { readCookies } from './cookies.ts'

/** Fields in which the data plane tells what it knows. */
export interface ToldFields {
  readonly client: string
  readonly url: string
  readonly modules: string
}

/** A request that cannot be worked with. The message is for people. */
export class BadLoginRequest extends Error {}

/** Bytes of the largest form: an assertion of an identity provider may be long. */
const MOST_BODY = 262_144

export class LoginRequest {
  readonly method: string
  /** As the client called it. */
  readonly url: URL
  readonly headers: HeaderBlock
  /** Address of the client. */
  readonly from: string
  /** Auth modules of the route that the request belongs to, and whether it names the host, for logouts. */
  readonly modules: readonly string[]
  readonly hostIsNamed: boolean
  readonly #exchange: ServerExchange
  #cookies: ReadonlyMap<string, string> | null = null
  #body: Promise<Buffer> | null = null

  /** Throws `BadLoginRequest`. */
  constructor(exchange: ServerExchange, told: ToldFields) {
    this.#exchange = exchange
    this.method = exchange.method === 'HEAD' ? 'GET' : exchange.method
    this.headers = exchange.headers
    this.from = this.headers.get(told.client.toLowerCase()) ?? ''
    const base = this.headers.get(told.url.toLowerCase()) ?? ''
    const url = exchange.target.startsWith('/') ? URL.parse(base + exchange.target) : null
    // What the host says must be a host and nothing else, or links would lead elsewhere.
    if (url === null || url.username !== '' || !/^https?:\/\/[^/?#@\\]+$/.test(base))
      throw new BadLoginRequest('the host of the request is not valid')
    this.url = url
    const { modules, own } = readRoute(this.headers.get(told.modules.toLowerCase()))
    this.modules = modules
    this.hostIsNamed = own
  }

  get path(): string {
    return this.url.pathname
  }

  get query(): URLSearchParams {
    return this.url.searchParams
  }

  /** Host without port, lower case. */
  get host(): string {
    return this.url.hostname
  }

  get secure(): boolean {
    return this.url.protocol === 'https:'
  }

  get cookies(): ReadonlyMap<string, string> {
    this.#cookies ??= readCookies(this.headers.getAll('cookie'))
    return this.#cookies
  }

  get wantsJson(): boolean {
    return (this.headers.get('content-type') ?? '').toLowerCase().startsWith('application/json')
  }

  /** The body. Rejects with `BadLoginRequest`. */
  body(): Promise<Buffer> {
    this.#body ??= readBody(this.#exchange)
    return this.#body
  }

  /** The fields of a form (`application/x-www-form-urlencoded`); none for other bodies. */
  async form(): Promise<URLSearchParams> {
    const type = (this.headers.get('content-type') ?? '').toLowerCase()
    if (this.method !== 'POST' || !type.startsWith('application/x-www-form-urlencoded'))
      return new URLSearchParams()
    return new URLSearchParams((await this.body()).toString('utf8'))
  }

  /** A JSON object. Rejects with `BadLoginRequest`. */
  async json(): Promise<Readonly<Record<string, unknown>>> {
    let value: unknown
    try {
      value = JSON.parse((await this.body()).toString('utf8'))
    } catch {
      value = null
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new BadLoginRequest('the body is no JSON object')
    return value as Record<string, unknown>
  }
}

function readRoute(text: string | undefined): { readonly modules: readonly string[]; readonly own: boolean } {
  try {
    const { modules, own } = JSON.parse(text ?? '{}') as { modules?: unknown; own?: unknown }
    return {
      modules: Array.isArray(modules) ? modules.filter(id => typeof id === 'string') : [],
      own: own === true,
    }
  } catch {
    return { modules: [], own: false }
  }
}

function readBody(exchange: ServerExchange): Promise<Buffer> {
  if (exchange.bodyLength > MOST_BODY) return Promise.reject(new BadLoginRequest('the form is too large'))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    exchange.readBody({
      data(chunk) {
        size += chunk.length
        if (size > MOST_BODY) reject(new BadLoginRequest('the form is too large'))
        else chunks.push(Buffer.from(chunk))
        return true
      },
      end: () => resolve(Buffer.concat(chunks)),
      error: () => reject(new BadLoginRequest('the form did not arrive')),
    })
  })
}
