// A backend that answers to the gateway alone: `OTOROSHI_SHARED_SECRET=… node examples/backend-service/service.ts [port]`.
import { createServer } from 'node:http'
import { verifyOtoroshiRequest } from 'otoroshi/backend'

const secret = process.env['OTOROSHI_SHARED_SECRET']
if (secret === undefined) throw new Error('set OTOROSHI_SHARED_SECRET to the secret of the route')
const settings = { secret, route: 'orders' }

const server = createServer((request, response) => {
  const caller = verifyOtoroshiRequest(request, settings)
  if (!caller.ok) {
    console.error(`refused: ${caller.reason}`)
    response.writeHead(caller.status).end()
    return
  }
  const name = caller.user?.name ?? caller.apikey?.clientName ?? 'whoever you are'
  // `caller.headers` goes into every answer: without it the gateway takes the answer for somebody else's.
  response.writeHead(200, { 'Content-Type': 'application/json', ...caller.headers })
  response.end(JSON.stringify({ hello: name }))
})
server.listen(Number(process.argv[2] ?? 3000), '127.0.0.1', () => {
  const address = server.address()
  console.log(`listening on ${typeof address === 'object' ? address?.port : address}`)
})
