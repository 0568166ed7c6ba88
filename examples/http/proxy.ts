// A streaming proxy for one origin: `node examples/http/proxy.ts <port> <origin host> <origin port>`.
import {
  type Call,
  type CallTimeouts,
  createDispatcher,
  DEFAULT_LIMITS,
  HeaderBlock,
  HttpServer,
  reasonPhrase,
  type ResponseHandler,
  type ServerExchange,
} from 'otoroshi/http'

const [port, host = 'localhost', originPort] = process.argv.slice(2)
const origin = createDispatcher(
  { host, port: Number(originPort ?? 3000), tls: null, address: null, proxy: null, protocol: 11 },
  { maxConnections: 512, maxIdle: 64, idleTimeout: 30_000, maxQueue: 1_024, http: DEFAULT_LIMITS },
)
const timeouts: CallTimeouts = { connect: 5_000, head: 30_000, idle: 60_000, total: 0 }

function forward(exchange: ServerExchange): void {
  let call: Call | null = null
  let answered = false
  const handler: ResponseHandler = {
    // A free connection is ours before `dispatch` has returned, so the body waits for the end of this turn.
    onConnect: () =>
      queueMicrotask(() =>
        exchange.readBody({
          data: chunk => call!.write(chunk),
          end: trailers => call!.end(trailers),
          error: () => call!.abort(),
        }),
      ),
    onDrain: () => exchange.resumeBody(),
    onInformation: (status, headers) => exchange.inform(status, headers),
    onHead(status, reason, headers, length) {
      answered = true
      exchange.writeHead(status, reason, headers, length)
    },
    onData: chunk => exchange.writeBody(chunk),
    onFlush: () => exchange.flush(),
    onEnd: trailers => exchange.end(trailers),
    onUpgrade: (_status, _headers, stream) => stream.destroy(),
    onError(error) {
      if (answered) exchange.abort()
      else {
        exchange.writeHead(502, reasonPhrase(502), HeaderBlock.from([['X-Fault', error.fault]]), 0)
        exchange.end()
      }
    },
  }
  exchange.onDrain = () => call?.resume()
  exchange.onClose = () => call?.abort()
  // Fields about the connection are gone from `headers` already; framing is computed anew on both sides.
  const { method, target, headers, bodyLength } = exchange
  call = origin.dispatch({ method, path: target, headers, bodyLength, upgrade: null }, handler, timeouts)
}

const server = new HttpServer({
  port: Number(port ?? 8000),
  listener: 'example',
  limits: DEFAULT_LIMITS,
  handler: forward,
})
console.log(`listening on ${await server.listen()}`)
process.on('SIGTERM', () => void server.drain(5_000).then(() => origin.close()))
