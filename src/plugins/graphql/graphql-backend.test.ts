import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CallFailed, type OutgoingCall } from '../../plugin/index.ts'
import { outgoingCalls, runPlugin } from '../../plugin/testing.ts'
import plugin from './graphql-backend.ts'

type Result = { data: Record<string, unknown> | null; errors?: { message: string; path?: unknown[] }[] }

async function ask(
  schema: string,
  query: string,
  more: {
    config?: object
    answer?: (call: OutgoingCall) => object
    headers?: Record<string, string>
    route?: object
    variables?: object
  } = {},
) {
  const calls = outgoingCalls(more.answer ?? (() => ({ body: '{}' })))
  const run = await runPlugin(plugin, {
    config: { schema, ...more.config },
    request: {
      method: 'POST',
      headers: more.headers ?? {},
      body: JSON.stringify({ query, variables: more.variables }),
    },
    services: { calls },
    route: more.route ?? {},
  })
  return { run, calls: calls.asked, result: JSON.parse(run.text) as Result }
}

describe('a composed schema', () => {
  it('answers the example of a fresh plugin', async () => {
    const { text } = await runPlugin(plugin, {
      request: { method: 'POST', body: '{"query":"{ users { name } }"}' },
    })
    assert.deepEqual(JSON.parse(text), { data: { users: [{ name: 'Bar' }, { name: 'Foo' }] } })
  })

  it('takes values from REST services, with what the fields are asked with', async () => {
    const schema = `
      type Query { user(id: ID!): User @rest(url: "https://api.test/users/\${params.id}", headers: "{\\"X-Key\\":\\"k\\"}") }
      type User { id: Int name: String posts: [Post] @rest(url: "https://api.test/posts?user=\${item.id}", response_path: "$.posts") }
      type Post { title: String }`
    const { result, calls } = await ask(
      schema,
      '{ user(id: "a/b") { name posts { title } again: posts { title } } }',
      {
        answer: ({ url }) =>
          url.includes('/users/')
            ? { body: '{"id":7,"name":"Ann"}' }
            : { body: '{"posts":[{"title":"One"}]}' },
      },
    )
    assert.deepEqual(result, {
      data: { user: { name: 'Ann', posts: [{ title: 'One' }], again: [{ title: 'One' }] } },
    })
    // The same call is made once.
    assert.deepEqual(
      calls.map(({ url }) => url),
      ['https://api.test/users/a%2Fb', 'https://api.test/posts?user=7'],
    )
  })

  it('takes them from GraphQL and SOAP services, mocks and its own data', async () => {
    const schema = `
      type Query {
        country(code: String): Country @graphql(url: "https://g.test/", query: "{ country(code: \\"\${params.code}\\") { name } }")
        price(item: String): Float @soap(url: "https://s.test/", envelope: "<e>\${params.item}</e>", jq_response_filter: ".e.price")
        mocked: Country @mock(url: "/country")
        kept: [Int] @json(path: "$.numbers")
        page(limit: Int, offset: Int): [Int] @json(data: "[1,2,3,4,5]", paginate: true)
      }
      type Country { name: String }`
    const { result, calls } = await ask(
      schema,
      '{ country(code: "F\\"R") { name } price(item: "<a/>") mocked { name } kept page(limit: 2, offset: 1) }',
      {
        config: { initial_data: { numbers: [1, 2] } },
        answer: ({ url }) =>
          url.includes('g.test')
            ? { body: '{"data":{"country":{"name":"France"}}}' }
            : { body: '<e><price>12</price></e>' },
        route: {
          json: {
            plugins: [
              {
                plugin: 'cp:otoroshi.next.plugins.MockResponses',
                config: { responses: [{ path: '/country', body: '{"name":"Mock"}' }] },
              },
            ],
          },
        },
      },
    )
    assert.deepEqual(result.data, {
      country: { name: 'France' },
      price: 12,
      mocked: { name: 'Mock' },
      kept: [1, 2],
      page: [2, 3],
    })
    const bodies = calls.map(({ body }) => String(body))
    assert.ok(
      bodies.some(body => body.includes('code: \\"F\\\\\\"R\\"')),
      bodies.join('\n'),
    )
    assert.ok(bodies.includes('<e>&#60;a/&#62;</e>'))
  })

  it('shows fields to those who may see them', async () => {
    const schema = `
      type Query {
        open: String @json(data: "\\"open\\"")
        admin: String @json(data: "\\"admin\\"") @permission(value: "admin")
        all: String @json(data: "\\"all\\"") @allpermissions(values: ["admin", "audit"], unauthorized_value: "none")
        some: String @json(data: "\\"some\\"") @onePermissionsOf(values: ["admin", "audit"])
        team: String @json(data: "\\"team\\"") @authorize(path: "$.request.headers.x-team", value: "blue")
        secret: Secret @json(data: "{\\"a\\":\\"b\\"}")
      }
      type Secret @permission(value: "root") { a: String }`
    const config = { permissions: ['$.request.headers.x-permission'] }
    const all = '{ open admin all some team secret { a } }'
    const nobody = await ask(schema, all, { config })
    assert.deepEqual(nobody.result.data, {
      open: 'open',
      admin: null,
      all: 'none',
      some: null,
      team: null,
      secret: null,
    })
    assert.deepEqual(
      [...new Set(nobody.result.errors?.map(({ message }) => message))],
      ["You're not authorized"],
    )
    const admin = await ask(schema, all, { config, headers: { 'X-Permission': 'admin', 'X-Team': 'blue' } })
    assert.deepEqual(admin.result.data, {
      open: 'open',
      admin: 'admin',
      all: 'none',
      some: 'some',
      team: 'team',
      secret: null,
    })
  })

  it('tells of failures without what is inside', async () => {
    const schema =
      'type Query { a: String @rest(url: "https://internal.test/a") b: [String] @rest(url: "https://internal.test/b") c: Int @json(data: "\\"text\\"") }'
    const { result, run } = await ask(schema, '{ a b c }', {
      answer: ({ url }) => {
        if (url.endsWith('/a'))
          throw new CallFailed('unreachable', 'https://internal.test: ECONNREFUSED 10.0.0.1')
        return { status: 500 }
      },
    })
    assert.equal(run.status, 200)
    assert.deepEqual(result.data, { a: null, b: [], c: null })
    assert.ok(result.errors?.some(({ message }) => message === 'a service did not answer'))
    assert.doesNotMatch(run.text, /internal|10\.0\.0\.1/)
    assert.match(run.log[0]!.message, /ECONNREFUSED/)
  })

  it('bounds what a query may ask', async () => {
    const schema =
      'type Query { me: User @json(data: "{}") } type User { friend: User @json(data: "{}") name: String }'
    const deep = (levels: number): string =>
      `{ me { ${'friend { '.repeat(levels)} name ${'}'.repeat(levels)} } }`
    assert.equal((await ask(schema, deep(3))).result.errors, undefined)
    assert.match((await ask(schema, deep(20))).result.errors![0]!.message, /too deep/)
    const list =
      'type Query { all: [T] @json(path: "$.all") } type T { n: Int v: String @rest(url: "https://a.test/${item.n}") }'
    const many = await ask(list, '{ all { v } }', {
      config: { initial_data: { all: Array.from({ length: 700 }, (_, n) => ({ n })) } },
      answer: () => ({ body: '"x"' }),
    })
    assert.equal(many.calls.length, 500)
    assert.match(many.result.errors![0]!.message, /more than 500 calls/)
  })

  it('is introspected like any other, and refuses what is no query', async () => {
    const { result } = await ask('type Query { a: Int }', '{ __schema { queryType { name } } }')
    assert.deepEqual(result.data, { __schema: { queryType: { name: 'Query' } } })
    for (const body of ['', 'x', '{"variables":{}}']) {
      const { status } = await runPlugin(plugin, { request: { method: 'POST', body } })
      assert.equal(status, 400, body)
    }
  })

  it('closes the route when it cannot be used', async () => {
    for (const [schema, message] of [
      ['type Query {', /schema: Syntax/],
      ['type Query { a: Int @rest(url: "ftp://x") }', /Query\.a: @rest: url/],
      ['type Query { a(h: String): Int @rest(url: "https://${params.h}/") }', /a client would choose/],
      ['type Query { a: Int @mock(url: "/none") }', /no mock/],
      ['type Query { a: Int @wasm(wasm_source_kind: "http") }', /@wasm/],
      ['type Query { a: Int @allpermissions(values: []) }', /values/],
      ['type Query { a: Int @unknown }', /unknown/],
      [
        'type Query { a: Int @soap(url: "https://x", envelope: "<a/>", jq_response_filter: "{") }',
        /jq_response_filter/,
      ],
    ] as const)
      await assert.rejects(ask(schema, '{ a }'), message, schema)
  })
})
