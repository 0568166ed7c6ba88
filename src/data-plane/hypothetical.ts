/** An exchange nobody sent: for explaining what the gateway would do. Its answer goes nowhere. */
import type { Duplex } from 'node:stream'
import { type BodyReader, HeaderBlock, type ServerExchange } from '../http/index.ts'
import type { HypotheticalRequest } from './messages.ts'

/** The request cannot be thought of: a bad method, address or field. */
export class BadHypothesis extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'BadHypothesis'
  }
}

export class HypotheticalExchange implements ServerExchange {
  readonly method: string
  readonly target: string
  readonly version = 11
  readonly headers: HeaderBlock
  readonly authority: string
  readonly scheme: 'http' | 'https'
  readonly bodyLength = 0
  readonly connection: ServerExchange['connection']
  readonly upgrade = null
  onClose: (() => void) | null = null
  onDrain: (() => void) | null = null
  status = 0
  answerHeaders: HeaderBlock = new HeaderBlock()

  /** Throws `BadHypothesis`. */
  constructor(request: HypotheticalRequest) {
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}$/.test(request.method))
      throw new BadHypothesis('method is not a token')
    const parts = /^(https?):\/\/([^/?#\s]+)([^#\s]*)$/.exec(request.url)
    if (parts === null) throw new BadHypothesis('url must be absolute, such as http://api.example.com/path')
    const [, scheme, authority, rest] = parts
    this.method = request.method
    this.scheme = scheme as 'http' | 'https'
    this.authority = authority!
    this.target = rest!.startsWith('/') ? rest! : `/${rest!}`
    try {
      this.headers = HeaderBlock.from(request.headers)
    } catch (error) {
      throw new BadHypothesis(error instanceof Error ? error.message : String(error))
    }
    if (!this.headers.has('host')) this.headers.append('Host', authority!)
    this.connection = {
      remoteAddress: request.remoteAddress,
      remotePort: 0,
      localPort: 0,
      listener: request.listener,
      tls:
        scheme === 'https'
          ? { protocol: '', cipher: '', serverName: authority!, clientChain: () => [] }
          : null,
    }
  }

  readBody(reader: BodyReader): void {
    reader.end(null)
  }

  resumeBody(): void {}

  inform(): void {}

  writeHead(status: number, _reason: string, headers: HeaderBlock): void {
    this.status = status
    this.answerHeaders = headers
  }

  writeBody(): boolean {
    return true
  }

  end(): void {}

  flush(): void {}

  abort(): void {
    this.onClose?.()
  }

  acceptUpgrade(): Duplex {
    throw new Error('a hypothetical request has no connection')
  }
}
