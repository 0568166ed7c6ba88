import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createGunzip, crc32, gunzipSync } from 'node:zlib'
import { type PluginRunInput, runPlugin, setUp } from '../../plugin/testing.ts'
import { gzippedLength, gzippedZeros, zeroSizes } from './gzipped-zeros.ts'
import { crcOfZeros } from './zero-crc.ts'
import plugin from './zip-bomb-backend.ts'

const fast = { rate: 1_000_000_000, size: '10M' }

async function bombed(config: object, headers: Record<string, string>, more: PluginRunInput = {}) {
  const run = await runPlugin(plugin, { config: { ...fast, ...config }, request: { headers }, ...more })
  assert.equal(run.headers.get('content-encoding'), run.backend === null ? 'gzip' : undefined)
  return run.backend === null
}
const gzip = { 'Accept-Encoding': 'br, gzip' }

describe('zeros as gzip', () => {
  it('are what they say', () => {
    const body = Buffer.concat([...gzippedZeros(zeroSizes['10M'])])
    assert.equal(body.length, gzippedLength(zeroSizes['10M']))
    assert.ok(body.length < 20_000)
    const zeros = gunzipSync(body)
    assert.equal(zeros.length, 10 * 1024 * 1024)
    assert.ok(zeros.every(byte => byte === 0))
  })

  it('are whole at every size, which the checksum at the end says', async () => {
    const gunzip = createGunzip()
    let length = 0
    gunzip.on('data', chunk => (length += chunk.length))
    const done = new Promise((resolve, reject) => gunzip.on('end', resolve).on('error', reject))
    for (const piece of gzippedZeros(zeroSizes['100M'])) gunzip.write(piece)
    gunzip.end()
    await done
    assert.equal(length, 100 * 1024 * 1024)
    assert.ok(gzippedLength(zeroSizes['10G']) < 12_000_000)
  })

  it('have the checksum that walking them gives', () => {
    for (const size of [0, 1, 2, 3, 255, 65_537, 1_048_576])
      assert.equal(crcOfZeros(size), crc32(Buffer.alloc(size)), String(size))
  })
})

describe('a bomb', () => {
  it('is for clients that take gzip', async () => {
    for (const accept of ['gzip', 'br;q=1, gzip;q=0.5', '*', 'x-gzip', 'GZIP'])
      assert.ok(await bombed({}, { 'Accept-Encoding': accept }), accept)
    for (const accept of ['br', 'gzip;q=0', '*;q=0.000', 'gzipped', 'identity'])
      assert.ok(!(await bombed({}, { 'Accept-Encoding': accept })), accept)
    assert.ok(!(await bombed({}, {})))
  })

  it('is for requests that fit the predicates, all of them or one', async () => {
    const predicates = [
      { path: '$.request.headers.x-a', value: '1' },
      { path: '$.request.path', value: 'Wildcard(/wp-*)' },
    ]
    const request = { url: '/wp-login', headers: { ...gzip, 'X-A': '1' } }
    assert.ok(await bombed({ predicates }, {}, { request }))
    assert.ok(!(await bombed({ predicates }, { ...gzip, 'X-A': '1' })))
    assert.ok(await bombed({ predicates, or: true }, { ...gzip, 'X-A': '1' }))
    assert.ok(!(await bombed({ predicates, or: true }, gzip)))
    assert.ok(!(await bombed({ or: true }, gzip)))
  })

  it('has the status and type of the settings', async () => {
    const request = { headers: gzip }
    const usual = await runPlugin(plugin, { config: fast, request })
    assert.deepEqual([usual.status, usual.headers.get('content-type')], [200, 'text/html'])
    assert.equal(gunzipSync(usual.body).length, 10 * 1024 * 1024)
    const own = await runPlugin(plugin, {
      config: { ...fast, status: 404, content_type: 'text/css' },
      request,
    })
    assert.deepEqual([own.status, own.headers.get('content-type')], [404, 'text/css'])
  })

  it('does not start with settings that are none', () => {
    for (const config of [
      { predicates: [{ path: '$[', value: 1 }] },
      { predicates: [{ path: '$.a' }] },
      { status: 99 },
      { content_type: 'a\nb' },
      { clients: 0 },
    ])
      assert.throws(() => setUp(plugin, config), JSON.stringify(config))
  })
})
