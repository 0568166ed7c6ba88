/** Bodies flow through: however long they are and however slow their reader is, the gateway holds next to nothing of them. */
import assert from 'node:assert/strict'
import http from 'node:http'
import { after, before, describe, it } from 'node:test'
import { BodyBackend } from './support/body-backend.ts'
import { PatternCheck, PatternSource } from './support/body-pattern.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { MemoryWatch, megabytes, residentMemory, unmeasurable } from './support/resident-memory.ts'
import { until } from './support/wait.ts'

const GIGABYTE = 1_073_741_824
/** What a body may move the resident memory by. */
const ALLOWED = 16 * 1_048_576
/** What the sockets of the system and both ends may hold of a body that nobody reads. */
const IN_SOCKETS = 64 * 1_048_576

let gateway: TestGateway
let backend: BodyBackend

before(async () => {
  gateway = await startGateway({ threads: 2 })
  backend = await BodyBackend.start()
  await gateway.route({
    id: 'bodies',
    name: 'bodies',
    frontend: { domains: ['bodies.test'] },
    backend: {
      targets: [{ hostname: '127.0.0.1', port: backend.port }],
      client: { call_and_stream_timeout: 300_000 },
    },
  })
  for (let i = 0; i < 20; i++) assert.equal((await call(gateway.port, 'http://bodies.test/10')).status, 200)
})
after(async () => {
  await gateway.stop()
  backend.close()
})

function open(method: string, path: string, headers: http.OutgoingHttpHeaders = {}): http.ClientRequest {
  const host = '127.0.0.1'
  const { port } = gateway
  return http.request({
    host,
    port,
    method,
    path,
    headers: { Host: 'bodies.test', ...headers },
    agent: false,
  })
}

function answerOf(request: http.ClientRequest): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => request.on('response', resolve).on('error', reject))
}

async function upload(length: number, headers: http.OutgoingHttpHeaders): Promise<string> {
  const request = open('POST', '/', headers)
  const answer = answerOf(request)
  new PatternSource(request, length)
  let text = ''
  for await (const piece of await answer) text += String(piece)
  return text
}

/** Reads an answer to its end; rejects when it is cut. */
function read(answer: http.IncomingMessage): Promise<PatternCheck> {
  const check = new PatternCheck()
  return new Promise((resolve, reject) => {
    answer.on('data', data => check.take(data))
    answer.on('end', () => resolve(check))
    answer.on('error', reject)
    answer.resume()
  })
}

async function download(path: string): Promise<PatternCheck> {
  const request = open('GET', path)
  request.end()
  return read(await answerOf(request))
}

/** By how much the gateway grows while `work` runs. */
async function growth(work: () => Promise<void>): Promise<number> {
  const before = residentMemory(gateway.pid)
  const watch = new MemoryWatch(gateway.pid)
  try {
    await work()
  } finally {
    watch.stop()
  }
  return watch.stop() - before
}

function assertFlat(grown: number): void {
  assert.ok(grown <= ALLOWED, `the gateway grew by ${megabytes(grown)}`)
}

describe('a body of one gigabyte', { skip: unmeasurable }, () => {
  for (const [framing, headers] of [
    ['of known length', { 'Content-Length': GIGABYTE }],
    ['in chunks', { 'Transfer-Encoding': 'chunked' }],
  ] as const)
    it(`${framing} goes up`, async () => {
      const grown = await growth(async () => {
        assert.equal(await upload(GIGABYTE, headers), String(GIGABYTE))
      })
      assert.equal(backend.received.wrongAt, -1)
      assertFlat(grown)
    })

  for (const [framing, path] of [
    ['of known length', `/${GIGABYTE}`],
    ['in chunks', `/${GIGABYTE}/chunked`],
  ] as const)
    it(`${framing} comes down`, async () => {
      const grown = await growth(async () => {
        const { length, wrongAt } = await download(path)
        assert.deepEqual([length, wrongAt], [GIGABYTE, -1])
      })
      assertFlat(grown)
    })
})

/** Waits until a number has stopped growing for half a second. */
async function settled(value: () => number): Promise<number> {
  let last = value()
  let since = Date.now()
  await until('it stands still', () => {
    const now = value()
    if (now !== last) since = Date.now()
    last = now
    return Date.now() - since > 500
  })
  return last
}

describe('a reader that does not read', { skip: unmeasurable }, () => {
  it('of an answer stops the backend, and gets all of it later', async () => {
    let check: PatternCheck | null = null
    const grown = await growth(async () => {
      const request = open('GET', `/${GIGABYTE / 4}`)
      request.end()
      const answer = await answerOf(request)
      answer.pause()
      const written = await settled(() => backend.sent!.written)
      assert.ok(written < IN_SOCKETS, `the backend could write ${megabytes(written)}`)
      check = await read(answer)
    })
    assert.deepEqual([check!.length, check!.wrongAt], [GIGABYTE / 4, -1])
    assertFlat(grown)
  })

  it('of a request stops the client, and gets all of it later', async () => {
    backend.deaf = true
    const grown = await growth(async () => {
      const request = open('POST', '/', { 'Content-Length': GIGABYTE / 4 })
      const answer = answerOf(request)
      const source = new PatternSource(request, GIGABYTE / 4)
      const written = await settled(() => source.written)
      assert.ok(written < IN_SOCKETS, `the client could write ${megabytes(written)}`)
      backend.hear()
      await read(await answer)
    })
    assert.deepEqual([backend.received.length, backend.received.wrongAt], [GIGABYTE / 4, -1])
    assertFlat(grown)
  })
})
