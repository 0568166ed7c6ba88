/** Stands for the client of a request that the gateway makes for itself: it takes everything and keeps nothing. */
import type { Duplex } from 'node:stream'
import type {
  BodyReader,
  ConnectionFacts,
  HeaderBlock,
  HttpVersion,
  ServerExchange,
} from '../../http/index.ts'

export class Nobody implements ServerExchange {
  readonly method: string
  readonly target: string
  readonly version: HttpVersion
  readonly headers: HeaderBlock
  readonly authority: string
  readonly scheme: 'http' | 'https'
  readonly bodyLength = 0
  readonly connection: ConnectionFacts
  readonly upgrade = null
  onClose: (() => void) | null = null
  onDrain: (() => void) | null = null

  /** `asked`: the request that is made once more. */
  constructor(asked: ServerExchange) {
    this.method = asked.method
    this.target = asked.target
    this.version = asked.version
    this.headers = asked.headers
    this.authority = asked.authority
    this.scheme = asked.scheme
    this.connection = asked.connection
  }

  readBody(reader: BodyReader): void {
    reader.end(null)
  }

  resumeBody(): void {}
  inform(): void {}
  writeHead(): void {}

  writeBody(): boolean {
    return true
  }

  end(): void {}
  flush(): void {}
  abort(): void {}

  acceptUpgrade(): Duplex {
    throw new Error('nobody switches protocols')
  }
}
