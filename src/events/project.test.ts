import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compileProjection, UnsupportedProjection } from './project.ts'

const event = {
  '@timestamp': 1_717_238_400_123,
  status: 200,
  url: 'https://api.test/x',
  to: { host: 'api.test', ports: [80, 443], 'a.b': 1 },
  headers: [{ key: 'Host', value: 'api.test' }],
}

/** Blueprint → what becomes of the event. */
const cases: [string, unknown, unknown][] = [
  ['an empty blueprint keeps everything', {}, event],
  ['true copies', { status: true, nothing: true }, { status: 200, nothing: null }],
  ['a text renames', { status: 'code' }, { code: 200 }],
  ['$value is constant', { kind: { $value: { a: [1] } } }, { kind: { a: [1] } }],
  [
    '$at follows dots',
    { host: { $at: 'to.host' }, port: { $at: 'to.ports.1' } },
    { host: 'api.test', port: 443 },
  ],
  ['$at with a default', { port: { $at: { path: 'to.port', default: 80 } } }, { port: 80 }],
  ['$at of nothing', { port: { $at: 'to.port' } }, { port: null }],
  [
    '$atIf looks at another place first',
    {
      yes: { $atIf: { path: 'url', predicate: { at: 'status', value: 200 }, default: '-' } },
      no: { $atIf: { path: 'url', predicate: { at: 'status', value: 500 }, default: '-' } },
    },
    { yes: event.url, no: '-' },
  ],
  [
    '$pointer follows slashes',
    { host: { $pointer: '/to/host' }, odd: { $pointer: '/to/a.b' } },
    { host: 'api.test', odd: 1 },
  ],
  ['$path follows a JSONPath', { port: { $path: "$.to['ports'][0]" } }, { port: 80 }],
  [
    '$header searches without case',
    { host: { $header: { path: 'headers', name: 'hOST' } } },
    { host: 'api.test' },
  ],
  [
    '$header with a default',
    { via: { $header: { path: 'headers', name: 'Via', default: 'none' } } },
    { via: 'none' },
  ],
  [
    '$date_from_unix_fmt is ISO',
    { at: { $date_from_unix_fmt: '@timestamp' } },
    { at: '2024-06-01T10:40:00.123Z' },
  ],
  [
    '$date_from_unix_fmt with a pattern',
    { day: { $date_from_unix_fmt: { path: '@timestamp', pattern: 'yyyy/MM/dd' } } },
    { day: '2024/06/01' },
  ],
  [
    '$spread begins with a copy; false and $remove take away',
    { $spread: true, to: false, headers: { $remove: true }, url: { $value: 'hidden' } },
    { '@timestamp': event['@timestamp'], status: 200, url: 'hidden' },
  ],
  [
    '$includeAllKeysMatching keeps of what is there so far',
    { $spread: true, only: { $includeAllKeysMatching: ['StartsWith(st)', 'Regex(u.l)', 'to'] } },
    { status: 200, url: event.url, to: event.to },
  ],
  [
    '$excludeAllKeysMatching takes away of what is there so far',
    { $spread: true, not: { $excludeAllKeysMatching: ['Wildcard(*s*)', 'to'] } },
    { url: event.url },
  ],
  ['a nested blueprint projects the field', { to: { host: true } }, { to: { host: 'api.test' } }],
  [
    'a nested blueprint of an absent field sees the event',
    { summary: { status: true } },
    { summary: { status: 200 } },
  ],
  [
    '$compose fills a form',
    { $compose: { list: [{ $at: 'status' }, { deep: { $pointer: '/to/host' } }], fixed: true } },
    { list: [200, { deep: 'api.test' }], fixed: true },
  ],
]

describe('projection', () => {
  for (const [name, blueprint, expected] of cases)
    it(name, () => assert.deepEqual(compileProjection(blueprint)(event), expected))

  it('leaves the event itself alone', () => {
    const before = JSON.stringify(event)
    for (const [, blueprint] of cases) compileProjection(blueprint)(event)
    assert.equal(JSON.stringify(event), before)
  })

  it('with jq is refused when it is compiled, wherever it stands', () => {
    for (const blueprint of [{ $jq: '.' }, { a: { $jq: '.' } }, { $compose: [{ $jqIf: {} }] }])
      assert.throws(() => compileProjection(blueprint), UnsupportedProjection)
  })

  it('never throws and never touches prototypes', () => {
    const operators = cases.flatMap(([, blueprint]) => JSON.stringify(blueprint).match(/\$\w+/g) ?? [])
    const key = fc.oneof(fc.constantFrom(...operators, 'status', 'to', 'path', '__proto__'), fc.string())
    const json = fc.letrec(tie => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(null, true, false, 1, 'to.host', '__proto__', '('),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 3 }),
      ),
    })).value
    fc.assert(
      fc.property(json, json, (blueprint, source) => {
        let project = (value: unknown): unknown => value
        try {
          project = compileProjection(JSON.parse(JSON.stringify(blueprint)))
        } catch {
          return
        }
        project(source)
        assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
        assert.equal(Object.getPrototypeOf({}), Object.prototype)
      }),
      { numRuns: 3000 },
    )
  })
})
