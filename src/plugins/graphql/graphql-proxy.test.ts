import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildSchema, introspectionFromSchema, parse } from 'graphql'
import { outgoingCalls, pluginServices, routeView, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './graphql-proxy.ts'
import { costOf } from './query-cost.ts'

const sdl = 'type Query { user(id: Int): User } type User { name: String friends: [User] }'
const endpoint = 'https://api.test/graphql'

async function asked(
  body: unknown,
  more: object = {},
  calls = outgoingCalls(() => ({ body: '{"data":{"user":null}}' })),
) {
  const run = await runPlugin(plugin, {
    config: { endpoint, schema: sdl, headers: { 'X-Key': 'k' }, ...more },
    request: {
      method: 'POST',
      url: '/graphql',
      body: typeof body === 'string' ? body : JSON.stringify(body),
    },
    services: { calls },
  })
  return { run, calls: calls.asked }
}
const errors = (text: string): string[] =>
  (JSON.parse(text) as { errors: { message: string }[] }).errors.map(({ message }) => message)

describe('a GraphQL endpoint', () => {
  it('gets what fits its schema', async () => {
    const query = {
      query: 'query Q($id: Int) { user(id: $id) { name } }',
      variables: { id: 1 },
      operationName: 'Q',
    }
    const { run, calls } = await asked(query)
    assert.deepEqual([run.status, run.text], [200, '{"data":{"user":null}}'])
    assert.deepEqual(JSON.parse(String(calls[0]?.body)), query)
    assert.ok(calls[0]!.headers!.some(([name]) => name === 'X-Key'))
  })

  it('is spared what does not fit, is too deep or too large', async () => {
    for (const [query, more, message] of [
      ['{ nobody }', {}, /Cannot query field/],
      ['{ user(', {}, /Syntax Error/],
      ['{ user { friends { friends { name } } } }', { max_depth: 3 }, /too deep: 4/],
      ['{ a: user { name } b: user { name } }', { max_complexity: 3 }, /too complex: 4/],
      ['{ ...F } fragment F on Query { ...F }', {}, /itself/],
      [`{ user { ${'name '.repeat(6000)} } }`, {}, /tokens/],
    ] as const) {
      const { run, calls } = await asked({ query }, more)
      assert.equal(run.status, 200)
      assert.equal(run.headers.get('otoroshi-error-reason'), 'graphql.refused')
      assert.match(errors(run.text)[0]!, message, query.slice(0, 50))
      assert.equal(calls.length, 0)
    }
  })

  it('is not asked more under the name of an introspection', async () => {
    const { run } = await asked(
      {
        operationName: 'IntrospectionQuery',
        query: 'query IntrospectionQuery { user { friends { name } } }',
      },
      { max_depth: 2 },
    )
    assert.match(errors(run.text)[0]!, /too deep/)
    assert.equal((await asked({ query: '{ __schema { types { name } } }' })).calls.length, 1)
  })

  it('answers on its path only, to what is a query', async () => {
    for (const body of ['x', '[]', '{}', '[{"query":"{ user { name } }"}]'])
      assert.equal((await asked(body)).run.status, 400, body)
    for (const request of [
      { method: 'GET', url: '/graphql' },
      { method: 'POST', url: '/graphql/x' },
    ])
      assert.equal((await runPlugin(plugin, { config: { endpoint, schema: sdl }, request })).status, 404)
  })

  it('tells its schema, once for all queries', async () => {
    const calls = outgoingCalls(({ body }) =>
      String(body).includes('IntrospectionQuery')
        ? { body: JSON.stringify({ data: introspectionFromSchema(buildSchema(sdl)) }) }
        : { body: '{"data":1}' },
    )
    const instance = setUp(plugin, { endpoint }, pluginServices(routeView(), [], [], { calls }))
    const run = (query: string) =>
      runPlugin(
        { ...plugin, setup: () => instance },
        { request: { method: 'POST', url: '/graphql', body: JSON.stringify({ query }) } },
      )
    assert.equal((await run('{ user { name } }')).text, '{"data":1}')
    assert.match((await run('{ nobody }')).text, /Cannot query/)
    await run('{ user { name } }')
    assert.equal(calls.asked.length, 3)
    const silent = await asked(
      { query: '{ a }' },
      { schema: null },
      outgoingCalls(() => ({ status: 500 })),
    )
    assert.deepEqual(errors(silent.run.text), ['unable to fetch schema'])
  })

  it('needs settings that can be used', async () => {
    await assert.rejects(asked({}, { schema: 'type Query {' }), /schema/)
    await assert.rejects(asked({}, { endpoint: 'x' }), /endpoint/)
  })
})

it('fragments that name each other many times are measured at once', () => {
  const fragments = Array.from(
    { length: 60 },
    (_, n) => `fragment F${n} on T { a: f { ...F${n + 1} } b: f { ...F${n + 1} } }`,
  )
  const cost = costOf(parse(`{ ...F0 } ${fragments.join(' ')} fragment F60 on T { x }`))
  assert.equal(cost.depth, 61)
  assert.ok(cost.fields > 1e17)
})
