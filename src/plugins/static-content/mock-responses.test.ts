import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type PluginRunInput, runPlugin } from '../../plugin/testing.ts'
import plugin from './mock-responses.ts'

const users = [
  { path: '/users', body: '[]', headers: { 'Content-Type': 'application/json' } },
  { path: '/users/:id', body: 'user ${req.pathparams.id} of ${req.host}' },
  { path: '/users/me', body: 'me' },
  { path: '/users', method: 'post', status: 201, body: 'made' },
  { path: '/users', body: 'never' },
]

const run = (
  request: PluginRunInput['request'],
  more: Record<string, unknown> = {},
  input: PluginRunInput = {},
) => runPlugin(plugin, { ...input, config: { responses: users, ...more }, request: request! })

describe('mocks', () => {
  it('answer by method and whole path', async () => {
    const list = await run({ url: '/users?x=1' })
    assert.deepEqual(
      [list.status, list.text, list.headers.get('content-type')],
      [200, '[]', 'application/json'],
    )
    const made = await run({ url: '/users', method: 'POST', body: 'x' })
    assert.deepEqual([made.status, made.text, made.backend], [201, 'made', null])
  })

  it('answer with the one that says more, then the first', async () => {
    assert.equal((await run({ url: '/users/me' })).text, 'me')
    assert.equal((await run({ url: '/users/7' })).text, 'user 7 of gateway.test')
  })

  it('match the path and method the backend would get, or the method of the client', async () => {
    assert.equal((await run({ url: '/v1/users' }, {}, { upstreamPath: '/users?x=1' })).text, '[]')
    const responses = [{ path: '/a', method: 'DELETE', body: 'gone' }]
    assert.equal((await run({ url: '/a', method: 'DELETE' }, { responses })).text, 'gone')
  })

  it('leave the rest to the backend, or to nobody', async () => {
    const passed = await run({ url: '/other' }, {}, { backend: { status: 202 } })
    assert.deepEqual([passed.status, passed.backend?.path], [202, '/other'])
    const refused = await run({ url: '/users/7/posts' }, { pass_through: false })
    assert.deepEqual([refused.status, refused.text], [404, '{"error":"resource not found !"}'])
    assert.equal(refused.headers.get('otoroshi-error-reason'), 'not_found')
    assert.equal(refused.backend, null)
  })

  it('fill in parameters with their defaults and other expressions', async () => {
    const responses = [
      {
        path: '/:a',
        body: '${req.pathparams.a:x} ${req.pathparams.b:y:z} ${req.pathparams.b} ${req.query.q}',
      },
    ]
    assert.equal(
      (await run({ url: '/1?q=2' }, { responses })).text,
      '1 no-path-param-b:y no-path-param-b 2'.replace('no-path-param-b:y', 'z'),
    )
  })

  it('decode Base64, with parameters filled in before', async () => {
    const responses = [
      { path: '/fixed', body: 'Base64(AAH/)' },
      { path: '/:text', body: 'Base64(${req.pathparams.text})' },
    ]
    assert.deepEqual([...(await run({ url: '/fixed' }, { responses })).body], [0, 1, 255])
    assert.equal((await run({ url: '/aGk=' }, { responses })).text, 'hi')
    await assert.rejects(run({}, { responses: [{ body: 'Base64(%)' }] }), /not Base64/)
  })

  it('never evaluate what a client sent, and give it back as text', async () => {
    const responses = [{ path: '/:a', body: '${req.pathparams.a} ${req.query.q}' }]
    const evil = '${req.headers.authorization}'
    const got = await run(
      { url: `/<b>?q=${encodeURIComponent(evil)}`, headers: { Authorization: 's3cret' } },
      { responses },
    )
    assert.equal(got.text, `%3Cb%3E ${evil}`)
    assert.equal(got.headers.get('content-type'), 'text/plain; charset=utf-8')
  })

  it('carry a reason when they are errors', async () => {
    const responses = [{ path: '/', status: 503 }]
    assert.equal((await run({}, { responses })).headers.get('otoroshi-error-reason'), 'configured_answer')
  })

  it('close the route when one of them cannot be read', async () => {
    for (const bad of [{ status: 42 }, { path: '/$a<[>' }, { body: 7 }, { headers: { 'x y': '1' } }, 'text'])
      await assert.rejects(run({}, { responses: [bad] }))
  })
})
