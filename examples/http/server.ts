// A server that tells what it was asked: `node examples/http/server.ts [port]`.
import { DEFAULT_LIMITS, HeaderBlock, HttpServer, reasonPhrase, type ServerExchange } from 'otoroshi/http'

function tell(exchange: ServerExchange): void {
  let bytes = 0
  exchange.readBody({
    // A chunk is valid during the call only. Answering false would pause the client until `resumeBody()`.
    data(chunk) {
      bytes += chunk.length
      return true
    },
    end() {
      const text = `${exchange.method} ${exchange.target} for ${exchange.authority}, ${bytes} bytes\n`
      const headers = HeaderBlock.from([['Content-Type', 'text/plain']])
      exchange.writeHead(200, reasonPhrase(200), headers, Buffer.byteLength(text))
      exchange.writeBody(Buffer.from(text))
      exchange.end()
    },
    error: () => exchange.abort(),
  })
}

const server = new HttpServer({
  port: Number(process.argv[2] ?? 3000),
  listener: 'example',
  limits: { ...DEFAULT_LIMITS, maxBody: 1_000_000 },
  handler: tell,
})
console.log(`listening on ${await server.listen()}`)
process.on('SIGTERM', () => void server.drain(5_000))
