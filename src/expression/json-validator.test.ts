import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compileValidator, PathFault } from './index.ts'

const document = {
  id: 'r',
  name: 'shop',
  enabled: true,
  weight: 3,
  none: null,
  tags: ['a', 'team:blue'],
  empty: [],
  metadata: { team: 'blue', 'with.dot': 'x' },
  frontend: { domains: ['a.acme.test', 'b.acme.test'] },
  backend: {
    targets: [
      { hostname: 'one', port: 8080, tls: true },
      { hostname: 'two', port: 80 },
      { hostname: 'three', port: 443, tls: null },
    ],
  },
  '`': 1,
}
const holds = (path: string, value: unknown): boolean => compileValidator({ path, value }).holds(document)

describe('a validator', () => {
  const cases: [path: string, value: unknown, expected: boolean][] = [
    ['$.name', 'shop', true],
    ['name', 'shop', true],
    ['$.name', 'Shop', false],
    ['$.weight', '3', true],
    ['$.weight', 3, true],
    ['$.weight', 4, false],
    ['$.enabled', 'true', true],
    ['$.enabled', false, false],
    ['$.missing', 'x', false],
    ['$.missing', 'NotDefined()', true],
    ['$.none', 'NotDefined()', true],
    ['$.none', 'IsDefined()', false],
    ['$.none', null, false],
    ['$.name', 'NotDefined()', false],
    ['$.name', 'IsDefined()', true],
    ['$.name.deeper', 'NotDefined()', true],
    ['$.metadata', { team: 'blue', 'with.dot': 'x' }, true],
    ['$.metadata', { team: 'blue' }, false],
    ['$.metadata', '{}', false],
    // Texts.
    ['$.name', 'Regex(s.*p)', true],
    ['$.name', 'Regex(s)', false],
    ['$.name', 'RegexNot(s)', true],
    ['$.name', 'Wildcard(s*)', true],
    ['$.name', 'Wildcard(*o)', false],
    ['$.name', 'WildcardNot(*o)', true],
    ['$.name', 'Contains(ho)', true],
    ['$.name', 'ContainsNot(ho)', false],
    ['$.name', 'Not(shop)', false],
    ['$.name', 'Not(x)', true],
    ['$.name', 'ContainedIn(a, shop)', true],
    ['$.name', 'NotContainedIn(a, shop)', false],
    ['$.name', 'constructor(x)', false],
    // Lists.
    ['$.tags', 'Size(2)', true],
    ['$.tags', 'SizeNot(2)', false],
    ['$.tags', 'SizeLt(2)', false],
    ['$.tags', 'SizeGt(1)', true],
    ['$.tags', 'SizeLte(2)', true],
    ['$.tags', 'SizeGte(3)', false],
    ['$.tags', 'Contains(a)', true],
    ['$.tags', 'Contains(team)', false],
    ['$.tags', 'ContainsNot(a)', false],
    ['$.tags', 'Contains(Regex(team:(blue|red)))', true],
    ['$.tags', 'ContainsNot(Wildcard(team:*))', false],
    ['$.tags', 'JsonContains(team)', true],
    ['$.tags', 'JsonContainsNot(${vault)', true],
    ['$.*', 'JsonContainsNot(acme)', false],
    ['$.tags', '["a","team:blue"]', true],
    ['$.tags', ['a', 'team:blue'], true],
    ['$.tags', ['team:blue', 'a'], false],
    ['$.backend.targets[*].port', 443, true],
    ['$.backend.targets[*].port', 444, false],
    ['$.frontend.domains', 'DontStartsWith(c)', true],
    ['$.frontend.domains', 'StartsWith(a)', false],
    ['$.empty', 'StartsWith(a)', true],
    // Paths.
    ["$.metadata['with.dot']", 'x', true],
    ['$[\'metadata\']["team"]', 'blue', true],
    ['$.backend.targets[0].hostname', 'one', true],
    ['$.backend.targets[-1].hostname', 'three', true],
    ['$.backend.targets[9].hostname', 'NotDefined()', true],
    ['$.backend.targets[0,2].hostname', '["one","three"]', true],
    ['$.backend.targets[1:].hostname', '["two","three"]', true],
    ['$.backend.targets[:-2].hostname', '["one"]', true],
    ['$..hostname', '["one","two","three"]', true],
    ['$.backend.targets.length()', 3, true],
    ['$.missing[*]', 'NotDefined()', true],
    ['$.backend.targets[*].missing', '[]', true],
    ['$.backend.targets[*].missing', 'NotDefined()', false],
    // Filters.
    ["$.backend.targets[?(@.port > 100 && @.hostname != 'one')].hostname", '["three"]', true],
    ['$.backend.targets[?(@.tls)].hostname', '["one","three"]', true],
    ['$.backend.targets[?(!@.tls)].hostname', '["two"]', true],
    ['$.backend.targets[?(@.tls == true)]', 'Size(1)', true],
    ['$.backend.targets[?(@.hostname =~ /T.*/i)].port', '[80,443]', true],
    ["$.backend.targets[?(@.hostname in ['one', 'x'])].port", '[8080]', true],
    ["$.backend.targets[?(@.hostname nin ['one', 'x'] || @.port == 8080)]", 'Size(3)', true],
    ['$.backend.targets[?((@.port < 100) || (@.port >= 8080))]', 'Size(2)', true],
    ['$.backend.targets[?(@.hostname == $.name)]', 'Size(0)', true],
    ['$.frontend.domains[?(@ =~ /.*[.]acme[.]test/)]', 'Size(2)', true],
    ["[?(@.name == 'shop')]", true, true],
    ["[?(@.name == 'x')]", true, false],
    ["$[?(@.tags[?(@ == 'a')])]", 'Size(1)', true],
    ["$[?(@.tags[?(@ == 'z')])]", 'Size(0)', true],
    ["$[?(@.tags contains 'a' && @.empty empty true && @.name size 4)]", 'Size(1)', true],
    ['$.constructor', 'NotDefined()', true],
    ['$.__proto__', 'NotDefined()', true],
  ]
  for (const [path, value, expected] of cases)
    it(`${path} ${JSON.stringify(value)} ${expected ? 'holds' : 'does not hold'}`, () => {
      assert.equal(holds(path, value), expected)
    })

  it('says what it was told to say, or where it failed', () => {
    assert.equal(compileValidator({ path: '$.a', value: 1, error: 'no' }).error, 'no')
    assert.equal(compileValidator({ path: '$.a', value: 1 }).error, 'entity validation failed at $.a')
  })

  it('that cannot be read is refused', () => {
    const bad: unknown[] = [
      null,
      [],
      { value: 1 },
      { path: '$.a' },
      { path: 1, value: 1 },
      { kind: 'wasm-plugin-validator', ref: 'x', path: '$', value: 1 },
      { kind: 1, path: '$', value: 1 },
      ...['', '$.', '$[', "$['a", '$[?(@.a ==)]', '$[?(@.a]', '$.a b', '$.a.max()', '$.length().a'],
      ...["$['a','b']", '$[?(@.a =~ /(/)]', '$[x]', '$[1:2:3]', `$${'.a'.repeat(2000)}`, '$[?(1 > /a/)]'],
      `$[?(${'('.repeat(50)}@.a${')'.repeat(50)})]`,
      `$[?(${'!'.repeat(50)}@.a)]`,
    ].map(one => (typeof one === 'string' ? { path: one, value: 1 } : one))
    for (const validator of bad)
      assert.throws(() => compileValidator(validator), PathFault, JSON.stringify(validator))
    for (const value of ['Size(x)', 'Regex((?=a))', 'Contains(Regex(())', 'x'.repeat(20_000)])
      assert.throws(() => compileValidator({ path: '$.a', value }), PathFault, value.slice(0, 20))
  })

  it('takes time in proportion, and does not hold of what is too large for its path', () => {
    let deep: unknown = { a: 'x' }
    for (let i = 0; i < 90; i++) deep = { a: deep, b: [1, 2, 3] }
    const wide = Array.from({ length: 200_000 }, (_, i) => i)
    const started = performance.now()
    for (const path of ['$..*', '$..*..*', '$..*..*..*..*', '$[?($..*[?($..*[?(@..a)])])]'])
      for (const value of [deep, wide, { wide, deep }]) {
        const { holds } = compileValidator({ path, value: 'SizeGte(0)' })
        holds(value)
      }
    assert.equal(compileValidator({ path: '$..*..*..*', value: 'SizeGte(0)' }).holds({ wide, deep }), false)
    const text = 'a'.repeat(100_000)
    assert.equal(compileValidator({ path: '$', value: 'Regex((a+)+b)' }).holds(text), false)
    assert.ok(performance.now() - started < 20_000)
  })
})
