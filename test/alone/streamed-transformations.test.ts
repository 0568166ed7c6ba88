/**
 * Bodies stream through the plugins that can do so: however long they are, next to nothing of them is held. `STREAMED_MB` says how
 * many megabytes a body has; 256 unless given.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import http from 'node:http'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import zlib from 'node:zlib'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { MemoryWatch, megabytes, residentMemory, unmeasurable } from '../support/resident-memory.ts'
import { until } from '../support/wait.ts'

const LENGTH = Number(process.env['STREAMED_MB'] ?? 256) * 1_048_576
/** What a body may move the resident memory by. */
const ALLOWED = 32 * 1_048_576
/** Letters that hardly compress within the window of gzip. */
const block = Buffer.from(randomBytes(49_152).toString('base64'))
const HEAD = '<html><head></head><body>'
/** Bytes of a body on the side of the backend. */
const sent = Math.ceil(LENGTH / block.length) * block.length + HEAD.length

let gateway: TestGateway
let backend: http.Server
/** Bytes of the last answer that were handed to the sockets. */
let written = 0

/** Sends `LENGTH` bytes at the pace they are taken. */
function pour(stream: NodeJS.WritableStream, length: number): void {
  written = 0
  stream.write(HEAD)
  const more = (): void => {
    while (written < length) {
      written += block.length
      if (!stream.write(block)) return
    }
    stream.removeListener('drain', more)
    stream.end()
  }
  stream.on('drain', more)
  more()
}

before(async () => {
  backend = http.createServer((request, response) => {
    const [, length = '', coding] = request.url!.split('/')
    response.setHeader('Content-Type', 'text/html')
    if (coding === 'gzip') {
      response.setHeader('Content-Encoding', 'gzip')
      const gzip = zlib.createGzip({ level: 1 })
      gzip.pipe(response)
      pour(gzip, Number(length))
    } else pour(response, Number(length))
  })
  await new Promise<void>(resolve => backend.listen(0, '127.0.0.1', resolve))
})

/**
 * A gateway of its own for each measurement: what the allocator of the process keeps of earlier bodies, and gives back in the
 * meantime, is not what the one that is looked at costs.
 */
async function freshGateway(): Promise<void> {
  const { port } = backend.address() as { port: number }
  gateway = await startGateway({ threads: 1 })
  const slot = (name: string, config = {}) => ({ plugin: `cp:otoroshi.next.plugins.${name}`, config })
  for (const [id, plugins] of [
    ['gzip', [slot('GzipResponseCompressor', { compression_level: 1 })]],
    ['br', [slot('BrotliResponseCompressor', { compression_level: 1 })]],
    ['zstd', [slot('ZstdResponseCompressor', { compression_level: 1 })]],
    ['html', [slot('NgHtmlPatcher', { append_body: ['<i>end</i>'], prepend_body: ['<i>begin</i>'] })]],
  ] as const)
    await gateway.route({
      id,
      name: id,
      frontend: { domains: [`${id}.test`] },
      backend: { targets: [{ hostname: '127.0.0.1', port }], client: { call_and_stream_timeout: 600_000 } },
      plugins,
    })
}
beforeEach(freshGateway)
afterEach(() => gateway.stop())

after(() => {
  backend.closeAllConnections()
  backend.close()
})

function open(id: string, path: string, accept: string): Promise<http.IncomingMessage> {
  const headers = { Host: `${id}.test`, 'Accept-Encoding': accept }
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port: gateway.port, path, headers, agent: false })
    request.on('response', resolve).on('error', reject)
    request.end()
  })
}

/** Reads an answer to its end and decodes it; answers its length and its beginning. */
async function read(id: string, path: string, accept: string): Promise<{ length: number; begin: string }> {
  const response = await open(id, path, accept)
  const coding = response.headers['content-encoding']
  const decoder =
    coding === 'gzip'
      ? zlib.createGunzip()
      : coding === 'br'
        ? zlib.createBrotliDecompress()
        : coding === 'zstd'
          ? zlib.createZstdDecompress()
          : null
  assert.equal(coding, accept === '' ? undefined : accept)
  let length = 0
  let begin = ''
  for await (const chunk of decoder === null ? response : response.pipe(decoder)) {
    const bytes = chunk as Buffer
    if (begin.length < 100) begin += bytes.toString('latin1', 0, 100)
    length += bytes.length
  }
  return { length, begin }
}

/** Bytes that one body moves the memory of the gateway by, at most. */
async function movedBy(id: string, path: string, accept: string, added: number): Promise<number> {
  // The first bodies fill pools, caches, and the memory of each thread that compresses.
  for (let i = 0; i < 8; i++) await read(id, `/${8 * 1_048_576}${path}`, accept)
  const before = residentMemory(gateway.pid)
  const watch = new MemoryWatch(gateway.pid)
  const got = await read(id, `/${LENGTH}${path}`, accept)
  const grown = watch.stop() - before
  console.log(`${id}${path}: ${megabytes(got.length)} moved the memory by ${megabytes(grown)}`)
  assert.equal(got.length, sent + added)
  if (added > 0) assert.ok(got.begin.startsWith(`${HEAD}<i>begin</i>`), got.begin)
  return grown
}

describe(`a body of ${megabytes(LENGTH)}`, { skip: unmeasurable }, () => {
  const patch = '<i>begin</i>'.length
  for (const [id, path, accept, added] of [
    ['gzip', '', 'gzip', 0],
    ['br', '', 'br', 0],
    ['zstd', '', 'zstd', 0],
    ['html', '', '', patch],
    ['html', '/gzip', 'gzip', patch],
  ] as const)
    it(`flows through ${id}${path === '' ? '' : ', compressed'}`, async () => {
      // Garbage that waits for its collector counts, too, and waits for long where the machine has more to do: a body that is held
      // shows each time, that does not.
      for (let again = 2; (await movedBy(id, path, accept, added)) > ALLOWED; again--) {
        assert.ok(again > 0, `the gateway grew by more than ${megabytes(ALLOWED)} each time`)
        await gateway.stop()
        await freshGateway()
      }
    })
})

describe('a reader that does not read', { skip: unmeasurable }, () => {
  it('stops the backend, and frees everything when it leaves', async () => {
    const response = await open('gzip', `/${LENGTH}`, 'gzip')
    response.pause()
    let last = -1
    await until('the backend stands still', async () => {
      const before = written
      await new Promise(resolve => setTimeout(resolve, 500))
      const still = before === written && before === last
      last = before
      return still
    })
    assert.ok(written < 64 * 1_048_576, `the backend could write ${megabytes(written)}`)
    response.destroy()
  })
})
