import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RouteView } from '../plugin/index.ts'
import { apikey, clientRequest, routeView } from '../plugin/testing.ts'
import { compileRestrictions, type RestrictionLine } from './restrictions.ts'

interface Lists {
  readonly allowLast?: boolean
  readonly allowed?: readonly RestrictionLine[]
  readonly forbidden?: readonly RestrictionLine[]
  readonly notFound?: readonly RestrictionLine[]
}

const log: string[] = []

function verdict(lists: Lists, method: string, url: string, route: Partial<RouteView> = {}): string {
  const key = apikey({ clientId: 'id', clientSecret: 's', authorizedEntities: ['group_g'] })
  const full = { enabled: true, allowLast: true, allowed: [], forbidden: [], notFound: [], ...lists }
  const compiled = compileRestrictions(full, routeView(route), key, fault => log.push(fault))!
  return compiled(clientRequest({ method, url }, true)) ?? 'passes'
}

const line = (path: string, method = '*', authorized_entity: unknown = null): RestrictionLine => ({
  method,
  path,
  authorized_entity,
})

test('switched off they restrict nothing', () => {
  const lists = { enabled: false, allowLast: false, allowed: [], forbidden: [line('/.*')], notFound: [] }
  assert.equal(
    compileRestrictions(lists, routeView(), null, () => {}),
    null,
  )
})

test('allowLast: hidden, then forbidden, else allowed', () => {
  const lists = {
    notFound: [line('/h')],
    forbidden: [line('/f'), line('/h')],
    allowed: [line('/h'), line('/f')],
  }
  assert.equal(verdict(lists, 'GET', '/h'), 'apikey.hidden')
  assert.equal(verdict(lists, 'GET', '/f'), 'apikey.forbidden')
  assert.equal(verdict(lists, 'GET', '/other'), 'passes')
})

test('without allowLast: allowed first, and what no list names is hidden', () => {
  const lists = {
    allowLast: false,
    allowed: [line('/h'), line('/a')],
    notFound: [line('/h')],
    forbidden: [line('/f')],
  }
  assert.equal(verdict(lists, 'GET', '/h'), 'passes')
  assert.equal(verdict(lists, 'GET', '/a'), 'passes')
  assert.equal(verdict(lists, 'GET', '/f'), 'apikey.forbidden')
  assert.equal(verdict(lists, 'GET', '/other'), 'apikey.hidden')
})

test('a line is for a method in any case, or for all', () => {
  const lists = { forbidden: [line('/a', 'post'), line('/b')] }
  assert.equal(verdict(lists, 'POST', '/a'), 'apikey.forbidden')
  assert.equal(verdict(lists, 'GET', '/a'), 'passes')
  assert.equal(verdict(lists, 'PATCH', '/b'), 'apikey.forbidden')
})

test('the whole path is matched, without query', () => {
  const lists = { forbidden: [line('/a/[0-9]+')] }
  assert.equal(verdict(lists, 'GET', '/a/12?x=1'), 'apikey.forbidden')
  assert.equal(verdict(lists, 'GET', '/a/12/b'), 'passes')
  assert.equal(verdict(lists, 'GET', '/b/a/12'), 'passes')
})

test('other spellings of a path are the same path', () => {
  const lists = { forbidden: [line('/admin/.*')] }
  assert.equal(verdict(lists, 'GET', '/%61dmin/x'), 'apikey.forbidden')
  assert.equal(verdict(lists, 'GET', 'http://a.test//admin//x'), 'apikey.forbidden')
  for (const path of ['/admin%2Fx', '/admin%2fx', '/admin%5Cx', '/admin%2F%2Fx'])
    assert.equal(verdict(lists, 'GET', path), 'apikey.forbidden', path)
  for (const path of [
    '/admin%2Fx%0A',
    '/admin/x%0A',
    '/admin%2F%0D%0Ax',
    '/admin%2Fx%E2%80%A8',
    '/admin%2Fx%C2%85',
  ])
    assert.equal(verdict(lists, 'GET', path), 'apikey.forbidden', `${path}: a line break hides nothing`)
  const escaped = { allowLast: false, allowed: [line('/my%20file\\.txt'), line('/a%2Fb')] }
  for (const path of ['/my%20file.txt', '/a%2Fb']) assert.equal(verdict(escaped, 'GET', path), 'passes', path)
  for (const path of ['/my%20fileXtxt', '/a%2Fc'])
    assert.equal(verdict(escaped, 'GET', path), 'apikey.hidden', path)
  const allowed = { allowLast: false, allowed: [line('/open[^/]*')] }
  assert.equal(verdict(allowed, 'GET', '/open%20x'), 'passes')
  assert.equal(verdict(allowed, 'GET', '/open%2Fx'), 'apikey.hidden', 'allowed must fit in every form')
})

test('a pattern that does not begin with a slash is for host and path', () => {
  const lists = { forbidden: [line('a\\.test/x')] }
  assert.equal(verdict(lists, 'GET', 'http://a.test:8080/x'), 'apikey.forbidden')
  assert.equal(verdict(lists, 'GET', 'http://b.test/x'), 'passes')
})

test('a line may be for one group, route or API', () => {
  const of = (kind: string, id: string) => ({ forbidden: [line('/.*', '*', { kind, id })] })
  const route = { id: 'r', groups: ['g', 'h'], metadata: { 'Otoroshi-Api-Ref': 'a' } }
  for (const [kind, id] of [
    ['group', 'g'],
    ['route', 'r'],
    ['service', 'r'],
    ['api', 'a'],
  ] as const)
    assert.equal(verdict(of(kind, id), 'GET', '/', route), 'apikey.forbidden', kind)
  for (const [kind, id] of [
    ['group', 'h'],
    ['group', 'other'],
    ['route', 'other'],
    ['api', 'r'],
  ] as const)
    assert.equal(verdict(of(kind, id), 'GET', '/', route), 'passes', `${kind} ${id}`)
})

test('a line that cannot be read closes and never opens', () => {
  for (const broken of [
    line('(/a'),
    line('/(?=x)y'),
    line('/a', '*', { kind: 7 }),
    line('/a', '*', { kind: 'x', id: 'y' }),
  ]) {
    assert.equal(verdict({ forbidden: [broken] }, 'GET', '/a'), 'apikey.forbidden')
    assert.equal(verdict({ notFound: [broken] }, 'GET', '/a'), 'apikey.hidden')
    assert.equal(verdict({ allowLast: false, allowed: [broken] }, 'GET', '/a'), 'apikey.hidden')
  }
  assert.ok(log.some(fault => fault.includes('(/a')))
})

test('a pattern that others would run for ever on takes no time', () => {
  const begun = performance.now()
  assert.equal(verdict({ forbidden: [line('/(a+)+b')] }, 'GET', `/${'a'.repeat(20_000)}c`), 'passes')
  assert.ok(performance.now() - begun < 2000)
})
