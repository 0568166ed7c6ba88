import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HeaderBlock } from '../../http/headers.ts'
import { CallFailed } from '../../plugin/index.ts'
import { outgoingCalls, runPlugin } from '../../plugin/testing.ts'
import plugin from './graphql-query.ts'

const url = 'https://api.test/graphql'

async function asked(
  config: object,
  request: object = {},
  answer: object = { body: '{"data":{"user":{"name":"Ann"}}}' },
) {
  const calls = outgoingCalls(() => answer)
  const run = await runPlugin(plugin, { config: { url, ...config }, request, services: { calls } })
  const [call] = calls.asked
  return {
    run,
    call,
    query: call === undefined ? null : (JSON.parse(String(call.body)) as { query: string }).query,
  }
}

describe('a query as a resource', () => {
  it('is asked, and answers what is looked for', async () => {
    const { run, call, query } = await asked(
      {
        query: '{ user(id: "${req.query.id}") { name } }',
        headers: { 'X-Key': 'k' },
        response_path: '$.data.user',
        response_filter: '.name',
      },
      { url: '/x?id=42' },
    )
    assert.equal(query, '{ user(id: "42") { name } }')
    assert.ok(call!.headers!.some(([name, value]) => name === 'X-Key' && value === 'k'))
    assert.deepEqual(
      [run.status, run.text.trim(), run.headers.get('content-type')],
      [200, '"Ann"', 'application/json'],
    )
    assert.equal((await asked({ query: '{ a }', response_path: '$.none' })).run.text, 'null')
  })

  it('stays the query it is, whatever a client sends', async () => {
    const evil = encodeURIComponent('1") { secret } x: user(id: "2\\')
    const { query } = await asked(
      { query: '{ user(id: "${req.query.id}") { name } }' },
      { url: `/?id=${evil}` },
    )
    assert.equal(query, '{ user(id: "1\\") { secret } x: user(id: \\"2\\\\") { name } }')
    const code = '{ user(id: ${req.query.id}) { name } # "\n }'
    assert.equal(
      (await asked({ query: code }, { url: '/?id=-12.5' })).query,
      code.replace('${req.query.id}', '-12.5'),
    )
    const refused = await asked(
      { query: code },
      { url: `/?id=${encodeURIComponent('1) { secret } x(a: 1')}` },
    )
    assert.deepEqual([refused.run.status, refused.call], [400, undefined])
    await assert.rejects(asked({ query: '{ a(b: """${req.query.x}""") }' }), /block/)
  })

  it('relays what is no answer, and tells of failures without details', async () => {
    const relayed = await asked(
      {},
      {},
      { status: 401, headers: HeaderBlock.from([['Content-Type', 'text/plain']]), body: 'no' },
    )
    assert.deepEqual([relayed.run.status, relayed.run.text], [401, 'no'])
    assert.equal((await asked({}, {}, { body: 'x' })).run.status, 502)
    assert.equal((await asked({ response_filter: '.data.a.b.c | error("secret")' })).run.status, 500)
    const calls = outgoingCalls(() => {
      throw new CallFailed('timeout', 'slow')
    })
    assert.equal((await runPlugin(plugin, { config: { url }, services: { calls } })).status, 502)
  })

  it('goes to the server of the settings only', async () => {
    for (const wrong of ['ftp://x', 'https://${req.query.h}/x', 'https://a${req.path}'])
      await assert.rejects(asked({ url: wrong }), /url/, wrong)
    await assert.rejects(asked({ response_path: '$[' }), /response_path/)
    const { call } = await asked(
      { url: 'https://api.test/${req.query.v}/x' },
      { url: `/?v=${encodeURIComponent('a/../b?c')}` },
    )
    assert.equal(call?.url, 'https://api.test/a%2F..%2Fb%3Fc/x')
    assert.equal(
      (await asked({ url: 'https://api.test/${req.query.v}/x' }, { url: '/?v=..' })).run.status,
      400,
    )
  })
})
