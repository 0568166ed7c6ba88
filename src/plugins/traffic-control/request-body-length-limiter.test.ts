import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import net, { type AddressInfo, type Socket } from 'node:net'
import { after, describe, it } from 'node:test'
import { openRawBackend } from '../../gateway/testing/test-backend.ts'
import { openTestGateway, testRoute } from '../../gateway/testing/test-gateway.ts'
import { definePlugin, type PluginDefinition, schema } from '../../plugin/index.ts'
import { type RequestInput, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './request-body-length-limiter.ts'

const run = (config: unknown, request: RequestInput) =>
  runPlugin(plugin, { config, request: { method: 'POST', ...request } })

describe('a limited request body that must not be longer', () => {
  const config = { max_length: 10, fail: true }

  it('passes up to the limit', async () => {
    for (const body of ['', '123456789', '1234567890']) {
      const got = await run(config, { body })
      assert.deepEqual(
        [got.status, got.backend?.body.toString(), got.backend?.length],
        [200, body, body.length],
      )
    }
  })

  it('is refused at once when its length is declared', async () => {
    const got = await run(config, { body: '12345678901' })
    assert.equal(got.backend, null)
    assert.equal(got.status, 413)
    assert.equal(got.headers.get('otoroshi-error-reason'), 'body_too_large')
    assert.equal(got.headers.get('otoroshi-error-msg'), 'Response entity too large')
    assert.equal(got.refusal?.cause, 'errors.failed.response.entityTooLarge')
    assert.equal(got.refusal?.detail, '11 bytes, 10 allowed')
  })

  it('passes up to the limit when its length is not declared', async () => {
    const got = await run(config, { body: ['12345', '67890'], chunked: true })
    assert.equal(got.backend?.body.toString(), '1234567890')
    assert.equal(got.backend?.length, -1)
    assert.equal(got.backend?.cut, null)
  })

  it('is cut, not ended, as soon as it is too long', async () => {
    const got = await run(config, { body: ['12345', '67890', 'x', 'y'], chunked: true })
    assert.match(got.backend?.cut?.message ?? '', /longer than 10 bytes/)
    assert.equal(got.backend?.body.toString(), '1234567890')
    const first = await run(config, { body: ['12345678901'], chunked: true })
    assert.equal(first.backend?.body.toString(), '')
    assert.notEqual(first.backend?.cut, null)
  })

  it('is none with a limit of 0', async () => {
    assert.equal((await run({ max_length: 0, fail: true }, { body: '1' })).status, 413)
    assert.equal((await run({ max_length: 0, fail: true }, {})).status, 200)
  })
})

describe('a limited request body that is cut off', () => {
  it('comes to exactly the limit, with its length declared', async () => {
    const got = await run({ max_length: 4 }, { body: ['12', '345', '6'] })
    assert.deepEqual([got.status, got.backend?.body.toString(), got.backend?.length], [200, '1234', 4])
    assert.equal(got.backend?.cut, null)
  })

  it('comes to exactly the limit without a declared length', async () => {
    for (const body of [['12', '345', '6'], ['1234', '5'], ['123456'], ['1', '2', '3', '4']]) {
      const got = await run({ max_length: 4 }, { body, chunked: true })
      assert.deepEqual([got.backend?.body.toString(), got.backend?.length], ['1234', -1], body.join('|'))
    }
  })

  it('is left alone within the limit, and when it is empty', async () => {
    assert.equal((await run({ max_length: 4 }, { body: '1234' })).backend?.length, 4)
    assert.equal((await run({ max_length: 4 }, {})).backend?.length, 0)
    assert.equal((await run({ max_length: 0 }, { body: '1234' })).backend?.body.length, 0)
  })

  it('has 4 MiB unless the settings say more', async () => {
    const body = Buffer.alloc(4_194_304 + 1, 'x')
    for (const config of [{}, { max_length: null }])
      assert.equal((await run(config, { body })).backend?.body.length, 4_194_304)
    assert.equal((await run({ fail: true }, { body })).status, 413)
    assert.equal((await run({ max_length: 5_000_000, fail: true }, { body })).status, 200)
  })
})

it('the limiter does not start with a limit that is none', () => {
  for (const max_length of [-1, 1.5, '10', Number.NaN, Number.POSITIVE_INFINITY, [10]])
    assert.throws(() => setUp(plugin, { max_length }), String(max_length))
  assert.throws(() => setUp(plugin, { fail: 'yes' }))
})

describe('a body too long on the wire', () => {
  const open: { close(): Promise<void> }[] = []
  after(async () => {
    for (const thing of open) await thing.close()
  })

  /** A gateway whose route allows ten bytes, and a client connection to it that has sent `head`. */
  async function connected(config: unknown, answer: (socket: Socket) => void, head: string) {
    let seen = ''
    const closed: string[] = []
    const backend = await openRawBackend(socket => {
      socket.on('data', chunk => (seen += chunk.toString('latin1')))
      socket.on('close', () => closed.push('closed'))
      answer(socket)
    })
    const gateway = await openTestGateway({
      plugins: [plugin as PluginDefinition<unknown> as PluginDefinition<never>],
    })
    open.push(gateway, backend)
    const plugins = [{ plugin: plugin.id, config }]
    assert.deepEqual(
      await gateway.write(['Route', testRoute('r', 'api.test', backend.port, { plugins })]),
      [],
    )
    const client = net.connect(gateway.port, '127.0.0.1')
    client.on('error', () => {})
    let got = ''
    client.on('data', chunk => (got += chunk.toString('latin1')))
    const ended = new Promise<void>(resolve => client.once('close', () => resolve()))
    client.write(`POST / HTTP/1.1\r\nHost: api.test\r\nAccept: */*\r\n${head}\r\n\r\n`)
    const until = async (done: () => boolean): Promise<void> => {
      const by = Date.now() + 5000
      while (!done()) {
        assert.ok(Date.now() < by, `waited in vain; client got ${got}, backend got ${seen}`)
        await new Promise(resolve => setTimeout(resolve, 5))
      }
    }
    return { client, ended, until, closed, backend, gateway, got: () => got, seen: () => seen }
  }

  const config = { max_length: 10, fail: true }

  it('is refused without calling the backend when it is declared', async () => {
    const call = await connected(config, () => {}, 'Content-Length: 11')
    await call.until(() => call.got().includes('Response entity too large'))
    assert.match(call.got(), /^HTTP\/1\.1 413 .*Otoroshi-Error-Reason: body_too_large/s)
    assert.equal(call.backend.requests.length, 0)
    call.client.destroy()
  })

  it('is refused in the middle of chunks, and the backend never sees an end', async () => {
    const call = await connected(config, () => {}, 'Transfer-Encoding: chunked')
    call.client.write('8\r\n12345678\r\n')
    await call.until(() => call.backend.requests.length === 1)
    call.client.write('8\r\n12345678\r\n0\r\n\r\n')
    await call.until(() => call.got().includes('Response entity too large'))
    assert.match(call.got(), /^HTTP\/1\.1 413 .*Otoroshi-Error-Reason: body_too_large/s)
    await call.until(() => call.closed.length === 1)
    assert.doesNotMatch(call.seen(), /(^|\n)0\r\n/)
    assert.ok(!call.seen().includes('1234567812'))
    call.client.destroy()
  })

  it('ends an answer that has already begun', async () => {
    const call = await connected(
      config,
      socket => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'),
      'Transfer-Encoding: chunked',
    )
    call.client.write('8\r\n12345678\r\n')
    await call.until(() => call.got().includes('abc'))
    call.client.write('8\r\n12345678\r\n')
    await call.ended
    assert.doesNotMatch(call.got(), /\n0\r\n/)
    await call.until(() => call.closed.length === 1 && call.gateway.inFlight === 0)
    assert.equal(call.gateway.finished[0]?.cut, true)
  })

  it('that is cut off reaches the backend as a whole message while the client still sends', async () => {
    const call = await connected(
      { max_length: 10 },
      socket =>
        socket.on('data', chunk => {
          if (chunk.toString().endsWith('0\r\n\r\n'))
            socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
        }),
      'Transfer-Encoding: chunked',
    )
    call.client.write('8\r\n12345678\r\n')
    await call.until(() => call.backend.requests.length === 1)
    call.client.write('8\r\n90abcdef\r\n')
    await call.until(() => call.got().endsWith('ok'))
    assert.match(call.seen(), /2\r\n90\r\n0\r\n\r\n$/)
    call.client.destroy()
  })

  it('is limited anew for each attempt', async () => {
    const bodies: string[] = []
    const backend = createServer((request, response) => {
      let text = `${request.headers['content-length']} `
      request.on('data', chunk => (text += chunk))
      request.on('end', () => {
        bodies.push(text)
        if (bodies.length === 1) request.socket.destroy()
        else response.end('ok')
      })
    })
    await new Promise<void>(resolve => backend.listen(0, '127.0.0.1', resolve))
    const { port } = backend.address() as AddressInfo
    const reading = definePlugin({
      id: 'own.Reading',
      name: 'Reading',
      description: '',
      family: 'test',
      steps: ['TransformRequest'],
      config: schema.looseObject({}),
      // Buffered, so that a further attempt can be made.
      setup: () => ({ request: ({ upstream }) => upstream.body.read(100).then(() => undefined) }),
    })
    const gateway = await openTestGateway({
      plugins: [reading, plugin] as unknown as PluginDefinition<never>[],
    })
    open.push(gateway, { close: async () => void backend.close() })
    const targets = [{ id: 't', hostname: '127.0.0.1', port, tls: false }]
    await gateway.write([
      'Route',
      testRoute('r', 'api.test', port, {
        backend: { targets, client: { retries: 2, retry_initial_delay: 1 } },
        plugins: [{ plugin: reading.id }, { plugin: plugin.id, config: { max_length: 4 } }],
      }),
    ])
    const body = '123456'
    const headers = { 'Content-Length': '6' }
    const got = await gateway.call('http://api.test/', { method: 'PUT', headers, body })
    assert.equal(got.body, 'ok')
    assert.deepEqual(bodies, ['4 1234', '4 1234'])
  })
})
