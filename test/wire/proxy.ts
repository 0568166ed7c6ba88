/** The smallest proxy the library makes: every exchange of a server goes to a dispatcher and comes back. */
import type { Call, Dispatcher, ServerExchange, TransportError } from '../../src/http/index.ts'
import { BadMessage, type CallTimeouts, HeaderBlock } from '../../src/http/index.ts'

const timeouts: CallTimeouts = { connect: 2000, head: 2000, idle: 2000, total: 0 }

/** Handler that forwards to whatever dispatcher `to` answers. */
export function proxy(to: () => Dispatcher): (exchange: ServerExchange) => void {
  return exchange => forward(exchange, to())
}

function forward(exchange: ServerExchange, dispatcher: Dispatcher): void {
  let call: Call | null = null
  let connected = false
  let headWritten = false
  // An HTTP/1.0 client may name no host; every backend wants one.
  if (!exchange.headers.has('host')) exchange.headers.set('Host', 'backend')
  const fail = (status: number): void => {
    if (headWritten) exchange.abort()
    else answer(exchange, status)
    headWritten = true
  }
  const start = (): void => {
    connected = true
    if (call === null || exchange.bodyLength === 0) return
    const sending = call
    exchange.readBody({
      data: chunk => sending.write(chunk),
      end: trailers => sending.end(trailers),
      error(error) {
        sending.abort()
        fail(error instanceof BadMessage ? error.status : 408)
      },
    })
  }
  exchange.onClose = () => call?.abort()
  exchange.onDrain = () => call?.resume()
  const { method, target, headers, bodyLength, upgrade } = exchange
  const made = dispatcher.dispatch(
    { method, path: target, headers, bodyLength, upgrade },
    {
      onConnect: start,
      onInformation: (status, fields) => exchange.inform(status, fields),
      onHead(status, reason, fields, length) {
        headWritten = true
        exchange.writeHead(status, reason, fields, length)
      },
      onData: chunk => exchange.writeBody(chunk),
      onFlush: () => exchange.flush(),
      onEnd: trailers => exchange.end(trailers),
      onUpgrade(_status, fields, backend) {
        const client = exchange.acceptUpgrade(fields)
        client.on('error', () => backend.destroy())
        backend.on('error', () => client.destroy())
        client.pipe(backend).pipe(client)
      },
      onDrain: () => exchange.resumeBody(),
      onError: error => fail(statusOf(error)),
    },
    timeouts,
  )
  call = made
  // A connection that was free is given before `dispatch` returns.
  if (connected) start()
}

function answer(exchange: ServerExchange, status: number): void {
  exchange.writeHead(status, '', HeaderBlock.from([['Date', 'now']]), 0)
  exchange.end()
}

function statusOf(error: TransportError): number {
  return error.fault.endsWith('timeout') ? 504 : 502
}
