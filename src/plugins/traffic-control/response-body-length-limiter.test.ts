import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openRawBackend } from '../../gateway/testing/test-backend.ts'
import { openTestGateway, testRoute } from '../../gateway/testing/test-gateway.ts'
import type { PluginDefinition } from '../../plugin/index.ts'
import { type BackendAnswer, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './response-body-length-limiter.ts'

const run = (config: unknown, backend: BackendAnswer) => runPlugin(plugin, { config, backend })

describe('a limited response body that must not be longer', () => {
  const config = { max_length: 10, fail: true }

  it('passes up to the limit', async () => {
    for (const body of ['', '1234567890']) {
      const got = await run(config, { body })
      assert.deepEqual([got.status, got.text, got.length], [200, body, body.length])
    }
    const chunked = await run(config, { body: ['12345', '67890'], chunked: true })
    assert.deepEqual([chunked.text, chunked.cut], ['1234567890', null])
  })

  it('becomes an error when its declared length is too much', async () => {
    const got = await run(config, { body: '12345678901', headers: { 'X-Secret': '1' } })
    assert.equal(got.status, 413)
    assert.equal(got.headers.get('otoroshi-error-reason'), 'body_too_large')
    assert.equal(got.headers.get('otoroshi-error-msg'), 'Response entity too large')
    assert.equal(got.refusal?.cause, 'errors.failed.response.entityTooLarge')
    assert.equal(got.headers.has('x-secret'), false)
    assert.doesNotMatch(got.text, /123/)
  })

  it('is cut, not ended, as soon as it is too long', async () => {
    const got = await run(config, { body: ['12345', '67890', '1'], chunked: true })
    assert.deepEqual([got.status, got.text], [200, '1234567890'])
    assert.match(got.cut?.message ?? '', /longer than 10 bytes/)
  })
})

describe('a limited response body that is cut off', () => {
  it('comes to exactly the limit', async () => {
    const declared = await run({ max_length: 4 }, { body: ['12', '345', '6'] })
    assert.deepEqual([declared.status, declared.text, declared.length], [200, '1234', 4])
    const chunked = await run({ max_length: 4 }, { body: ['12', '345', '6'], chunked: true })
    assert.deepEqual([chunked.status, chunked.text, chunked.length, chunked.cut], [200, '1234', -1, null])
  })

  it('is left alone within the limit, and when it is empty', async () => {
    for (const chunked of [true, false]) {
      assert.equal((await run({ max_length: 4 }, { body: '1234', chunked })).text, '1234')
      const empty = await run({ max_length: 4 }, { chunked })
      assert.deepEqual([empty.status, empty.text, empty.cut], [200, '', null])
    }
  })

  it('has 4 MiB unless the settings say more', async () => {
    const body = Buffer.alloc(4_194_304 + 1, 'x')
    assert.equal((await run({}, { body })).body.length, 4_194_304)
    assert.equal((await run({ fail: true }, { body })).status, 413)
  })
})

it('the limiter does not start with a limit that is none', () => {
  for (const max_length of [-1, 0.5, '10', Number.NaN])
    assert.throws(() => setUp(plugin, { max_length }), String(max_length))
})

describe('a response too long on the wire', () => {
  const open: { close(): Promise<void> }[] = []
  after(async () => {
    for (const thing of open) await thing.close()
  })

  async function gatewayTo(config: unknown, head: string, chunk: string, times: number) {
    const closed: string[] = []
    const backend = await openRawBackend(socket => {
      socket.on('close', () => closed.push('closed'))
      socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${chunk.repeat(times)}`)
    })
    const gateway = await openTestGateway({
      plugins: [plugin as PluginDefinition<unknown> as PluginDefinition<never>],
    })
    open.push(gateway, backend)
    const plugins = [{ plugin: plugin.id, config }]
    await gateway.write(['Route', testRoute('r', 'api.test', backend.port, { plugins })])
    return { gateway, closed }
  }

  it('that never ends is cut off and the backend let go', async () => {
    const { gateway, closed } = await gatewayTo(
      { max_length: 10 },
      'Transfer-Encoding: chunked',
      '4\r\nabcd\r\n',
      100,
    )
    const got = await gateway.call('http://api.test/')
    assert.deepEqual([got.status, got.body], [200, 'abcdabcdab'])
    for (let i = 0; closed.length === 0 && i < 500; i++) await new Promise(resolve => setTimeout(resolve, 10))
    assert.equal(closed.length, 1)
    assert.equal(gateway.finished[0]?.cut, false)
  })

  it('that never ends tears the connection to the client when it must not be longer', async () => {
    const config = { max_length: 10, fail: true }
    const { gateway, closed } = await gatewayTo(config, 'Transfer-Encoding: chunked', '4\r\nabcd\r\n', 100)
    await assert.rejects(gateway.call('http://api.test/'))
    for (let i = 0; closed.length === 0 && i < 500; i++) await new Promise(resolve => setTimeout(resolve, 10))
    assert.equal(closed.length, 1)
    assert.equal(gateway.finished[0]?.cut, true)
  })

  it('is told by HEAD as by GET', async () => {
    const refused = await gatewayTo({ max_length: 10, fail: true }, 'Content-Length: 1000', '', 0)
    assert.equal((await refused.gateway.call('http://api.test/', { method: 'HEAD' })).status, 413)
    const cut = await gatewayTo({ max_length: 10 }, 'Content-Length: 1000', '', 0)
    const got = await cut.gateway.call('http://api.test/', { method: 'HEAD' })
    assert.deepEqual([got.status, got.headers['content-length']], [200, '10'])
  })
})
