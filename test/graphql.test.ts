/** GraphQL in front of services, and services behind GraphQL, driven through a running gateway. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { buildSchema, graphql } from 'graphql'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call, type Got } from './support/http.ts'
import { closes, pluginRoute } from './support/plugin-routes.ts'

const sdl = 'type Query { user(id: ID!): User } type User { id: ID name: String friends: [User] }'
const ann = { id: '1', name: 'Ann', friends: () => [ann] }

let gateway: TestGateway
let endpoint: Backend
let users: Backend

before(async () => {
  gateway = await startGateway({ threads: 1 })
  // A real GraphQL server, in a few lines.
  const schema = buildSchema(sdl)
  endpoint = await startBackend((seen, response) => {
    const { query, variables, operationName } = JSON.parse(seen.body)
    const rootValue = { user: ({ id }: { id: string }) => (id === '1' ? ann : null) }
    void graphql({ schema, source: query, rootValue, variableValues: variables, operationName }).then(
      result => {
        response.setHeader('Content-Type', 'application/json')
        response.end(JSON.stringify(result))
      },
    )
  })
  users = await startBackend((seen, response) => {
    const [, id] = /^\/users\/(\d+)$/.exec(seen.url) ?? []
    response.statusCode = id === undefined ? 404 : 200
    response.end(JSON.stringify({ id, name: `user ${id}`, team: seen.headers['x-team'] }))
  })
  const composed = `
    type Query {
      user(id: ID!): User @rest(url: "http://127.0.0.1:${users.port}/users/\${params.id}", headers: "{\\"X-Team\\": \\"\${req.headers.x-team}\\"}")
      secret: String @json(data: "\\"42\\"") @permission(value: "admin")
    }
    type User { id: ID name: String team: String best: User @rest(url: "http://127.0.0.1:${users.port}/users/\${item.id}") }`
  const url = `http://127.0.0.1:${endpoint.port}/`
  const routes: [string, string, object][] = [
    [
      'query',
      'GraphQLQuery',
      {
        url,
        query: '{ user(id: "${req.query.id}") { name } }',
        response_path: '$.data.user',
        response_filter: '.name',
      },
    ],
    ['query-gone', 'GraphQLQuery', { url: 'http://127.0.0.1:1/' }],
    ['proxy', 'GraphQLProxy', { endpoint: url, max_depth: 3 }],
    ['composer', 'GraphQLBackend', { schema: composed, permissions: ['$.request.headers.x-permission'] }],
    ['example', 'GraphQLBackend', {}],
  ]
  for (const [id, name, config] of routes) await gateway.route(pluginRoute(id, { port: 1 }, [[name, config]]))
})
after(async () => {
  await gateway.stop()
  await endpoint.close()
  await users.close()
})

const get = (id: string, path: string): Promise<Got> => call(gateway.port, `http://${id}.test${path}`)
const ask = (
  id: string,
  query: string,
  headers: Record<string, string> = {},
  variables: object = {},
): Promise<Got> =>
  call(gateway.port, `http://${id}.test/graphql`, {
    method: 'POST',
    body: JSON.stringify({ query, variables }),
    headers,
  })

it('a query is a resource', async () => {
  const got = await get('query', '/names?id=1')
  assert.deepEqual([got.status, got.json], [200, 'Ann'])
  const evil = encodeURIComponent('1") { friends { name } } b: user(id: "2')
  assert.equal((await get('query', `/names?id=${evil}`)).json, null)
  assert.equal((await get('query-gone', '/')).headers['otoroshi-error-reason'], 'service.unreachable')
})

describe('an endpoint behind the proxy', () => {
  it('answers what fits its schema', async () => {
    const got = await ask(
      'proxy',
      'query($id: ID!) { user(id: $id) { name friends { name } } }',
      {},
      { id: '1' },
    )
    assert.deepEqual(got.json, { data: { user: { name: 'Ann', friends: [{ name: 'Ann' }] } } })
    assert.equal(
      (await ask('proxy', '{ __schema { queryType { name } } }')).json.data.__schema.queryType.name,
      'Query',
    )
  })

  it('does not see other queries', async () => {
    const before = endpoint.seen.length
    for (const query of ['{ nobody }', '{ user(id: 1) { friends { friends { name } } } }', '{']) {
      const got = await ask('proxy', query)
      assert.deepEqual(
        [got.status, got.headers['otoroshi-error-reason'], got.json.data],
        [200, 'graphql.refused', null],
        query,
      )
    }
    assert.equal(endpoint.seen.length, before)
    assert.equal((await get('proxy', '/graphql')).status, 404)
  })
})

describe('a composed API', () => {
  it('answers with what services give', async () => {
    const got = await ask('composer', '{ user(id: 7) { name team best { id } } }', { 'X-Team': 'blue' })
    assert.deepEqual(got.json, { data: { user: { name: 'user 7', team: 'blue', best: { id: '7' } } } })
    assert.deepEqual((await ask('example', '{ users { firstname } }')).json.data.users, [
      { firstname: 'Foo' },
      { firstname: 'Bar' },
    ])
  })

  it('leads to no other path of a service, whatever is asked for', async () => {
    const got = await ask('composer', 'query($id: ID!) { user(id: $id) { name } }', {}, { id: '../admin?x=' })
    assert.deepEqual(got.json, { data: { user: { name: null } } })
    assert.equal(users.seen.at(-1)?.url, '/users/..%2Fadmin%3Fx%3D')
    const dots = await ask('composer', '{ user(id: "..") { name } }')
    assert.match(dots.json.errors[0].message, /dot segment/)
  })

  it('shows what the caller may see', async () => {
    const hidden = await ask('composer', '{ secret }')
    assert.deepEqual(
      [hidden.json.data.secret, hidden.json.errors[0].message],
      [null, "You're not authorized"],
    )
    assert.equal((await ask('composer', '{ secret }', { 'X-Permission': 'admin' })).json.data.secret, '42')
  })
})

it('settings that are none close the route and name the place', async () => {
  await closes(gateway, users, 'GraphQLQuery', { query: '{ a(b: """${req.query.x}""") }' }, /query/)
  await closes(gateway, users, 'GraphQLProxy', { schema: 'type' }, /schema/)
  await closes(
    gateway,
    users,
    'GraphQLBackend',
    { schema: 'type Query { a: Int @rest(url: "x") }' },
    /Query\.a/,
  )
})
