/** A request that has no run: it waits for its route, or never gets one. */
import type { ServerExchange } from '../http/index.ts'
import type { Flow } from './flow/flow.ts'
import type { GatewayRequest } from './pipeline/client-request.ts'
import { MessageBody } from './pipeline/message-body.ts'
import { MatchTrace } from './router/index.ts'

/** What is known of it, and who is told when it ends. */
export class Visit {
  readonly server: ServerExchange
  readonly request: GatewayRequest
  readonly arrival: number
  readonly dry: boolean
  /** Set when the request is refused. */
  id = ''
  flow: Flow | null
  trace: MatchTrace | null
  onDone: ((report: unknown) => void) | null = null
  /** The router plugin that chose the route, or null. */
  chosenBy: string | null = null

  constructor(
    server: ServerExchange,
    request: GatewayRequest,
    arrival: number,
    flow: Flow | null,
    dry: boolean,
  ) {
    this.server = server
    this.request = request
    this.arrival = arrival
    this.flow = flow
    this.dry = dry
    this.trace = flow === null ? null : new MatchTrace()
  }

  /** The body of the request, for whoever answers it. Ask once. */
  get body(): MessageBody {
    return new MessageBody(this.server.bodyLength, reader => this.server.readBody(reader))
  }

  /** The client left while the request waited. */
  gone = false

  /** Call before waiting for a promise. */
  wait(onGone: () => void): void {
    this.server.onClose = () => {
      this.gone = true
      onGone()
    }
  }
}
