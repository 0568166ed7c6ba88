import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { type RequestInput, runPlugin, setUp } from '../../plugin/testing.ts'
import { holdsJndi } from './log4j-lookup.ts'
import plugin from './ng-log4shell-filter.ts'

async function caught(request: RequestInput, config: object = {}) {
  const run = await runPlugin(plugin, { config: { status: 418, ...config }, request })
  assert.equal(run.status, run.backend === null ? 418 : 200)
  return run.backend === null
}

describe('look-ups of Log4j', () => {
  it('that load code are found however they are put together', () => {
    for (const text of [
      '${jndi:ldap://x/a}',
      'a ${JnDi:rmi://x} b',
      '${ jndi : dns://x}',
      '${jndi:ldap://without-an-end',
      '${${lower:j}ndi:ldap://x}',
      '${${lower:${lower:j}}${upper:n}di:ldap://x}',
      '${${::-j}${::-n}${::-d}${::-i}:ldap://x}',
      '${${env:NaN:-j}ndi${env:NaN:-:}ldap://x}',
      '${${sys:os.name.x:-j}ndi:x}',
      "${${date:'j'}${date:'n'}di:x}",
      '${jnd${upper:\u0131}:x}',
      '${base64:JHtqbmRpOmxkYXA6Ly94fQ==}',
      '${${what:ever:-j}ndi:x',
      '${lower:$}{jndi:x}',
      '%24%7Bjndi:x%7D',
      '%2524%257bjndi%253ax}',
      '%24%7b%24%7blower%3aj%7dndi:x}',
      '\\u0024\\u007bjndi:x}',
      '%u0024%u007bjndi:x}',
      '${${lower:jndi}:x}',
      `${'${lower:'.repeat(100)}x`,
    ])
      assert.ok(holdsJndi(text), text)
  })

  it('that do not, and what is none, are left alone', () => {
    for (const text of [
      '',
      'jndi:ldap://x',
      '$jndi:x',
      '{jndi:x}',
      '${env:HOME}',
      '${lower:JNDI}',
      '${date:yyyy}',
      '$ {jndi:x}',
      '100% \\ $5',
      '%7b%24jndi',
      '${jndix:a}',
      '${req.path}',
    ])
      assert.ok(!holdsJndi(text), text)
  })

  it('take time in proportion to the text', () => {
    const began = process.cpuUsage()
    for (const text of [
      '${'.repeat(250_000),
      `${'${lower:'.repeat(60)}${'A'.repeat(900_000)}`,
      '%24'.repeat(300_000),
      '${ '.repeat(300_000),
      '}'.repeat(1_000_000),
    ])
      holdsJndi(text)
    // Quadratic time would be minutes.
    assert.ok(process.cpuUsage(began).user < 10_000_000)
  })
})

describe('requests with such look-ups', () => {
  it('are found in fields, path and query', async () => {
    assert.ok(await caught({ headers: { 'User-Agent': 'x ${jndi:ldap://e}' } }))
    assert.ok(
      await caught({
        headers: [
          ['X', 'a'],
          ['X', '${${lower:j}ndi:e}'],
        ],
      }),
    )
    assert.ok(await caught({ url: '/a?b=%24%7Bjndi:ldap://e%7D' }))
    assert.ok(await caught({ url: '/%24%7Bjndi:ldap:%7D' }))
    assert.ok(!(await caught({ url: '/a?price=$5', headers: { Accept: '${x}' } })))
  })

  it('are answered as the settings say, with 200 and nothing by default', async () => {
    const request = { headers: { X: '${jndi:e}' } }
    const plain = await runPlugin(plugin, { request })
    assert.deepEqual([plain.status, plain.text, plain.backend], [200, '', null])
    assert.equal(plain.headers.get('otoroshi-error-reason'), undefined)
    const told = await runPlugin(plugin, { request, config: { status: 403, body: 'no' } })
    assert.deepEqual([told.status, told.text], [403, 'no'])
    assert.equal(told.headers.get('otoroshi-error-reason'), 'attack.log4shell')
    assert.equal(told.headers.get('content-type'), 'text/plain; charset=utf-8')
  })

  it('are found in the body when it is looked at, which reaches the backend as it came otherwise', async () => {
    const body = '{"a":"\\u0024{jndi:x}"}'
    assert.ok(!(await caught({ method: 'POST', body })))
    assert.ok(await caught({ method: 'POST', body }, { parse_body: true }))
    assert.ok(await caught({ method: 'POST', body: ['${jn', 'di:x}'], chunked: true }, { parse_body: true }))
    const compressed = { method: 'POST', body: gzipSync(body), headers: { 'Content-Encoding': 'gzip' } }
    assert.ok(await caught(compressed, { parse_body: true }))
    for (const [coding, bytes] of [
      ['deflate', deflateSync(body)],
      ['deflate', deflateRawSync(body)],
      ['br', brotliCompressSync(body)],
      ['zstd', zstdCompressSync(body)],
      ['gzip', gzipSync(body).subarray(0, -8)],
      ['gzip, br', brotliCompressSync(gzipSync(body))],
    ] as const)
      assert.ok(
        await caught(
          { method: 'POST', body: bytes, headers: { 'Content-Encoding': coding } },
          { parse_body: true },
        ),
        coding,
      )
    const clean = { method: 'POST', body: gzipSync('clean'), headers: { 'Content-Encoding': 'gzip' } }
    const run = await runPlugin(plugin, { config: { parse_body: true }, request: clean })
    assert.deepEqual(run.backend!.body, clean.body)
  })

  it('do not get round it by a body that is too long to be looked at', async () => {
    const config = { parse_body: true, max_body_size: 1000 }
    const long = 'x'.repeat(1001)
    for (const request of [
      { method: 'POST', body: long },
      { method: 'POST', body: long, chunked: true },
      { method: 'POST', body: gzipSync(long), headers: { 'Content-Encoding': 'gzip' } },
    ]) {
      const run = await runPlugin(plugin, { config, request })
      assert.equal(run.status, 413)
      assert.equal(run.backend, null)
    }
    const same = { method: 'POST', body: 'x'.repeat(1000) }
    assert.equal((await runPlugin(plugin, { config, request: same })).status, 200)
  })

  it('do not get round it by a body that says it is compressed and is not', async () => {
    for (const [coding, body] of [
      ['gzip', 'plain'],
      ['gzip,gzip,gzip,gzip,gzip', gzipSync('x')],
    ] as const) {
      const request = { method: 'POST', body, headers: { 'Content-Encoding': coding } }
      const run = await runPlugin(plugin, { config: { parse_body: true }, request })
      assert.equal(run.status, 400, coding)
      assert.equal(run.refusal?.reason, 'request.bad_body')
    }
  })

  it('do not start with settings that are none', () => {
    for (const config of [{ status: 99 }, { status: 600 }, { body: 1 }, { parse_body: 'yes' }])
      assert.throws(() => setUp(plugin, config), JSON.stringify(config))
  })
})
