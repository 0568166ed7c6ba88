import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { flaggedRegex, guardedRegex, patternTest, UnsupportedPattern } from './index.ts'

/** Random patterns of a small language, over a small alphabet, so that matches happen. */
const pattern: fc.Arbitrary<string> = fc.letrec<{ node: string }>(tie => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom('a', 'b', 'c', '.', '[ab]', '[^a]', '\\w', '\\d', '^', '$', '\\b', ''),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => a + b),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(${a}|${b})`),
    fc
      .tuple(tie('node'), fc.constantFrom('*', '+', '?', '*?', '+?', '??', '{2}', '{1,3}', '{0,2}?'))
      .map(([a, q]) => `(?:a${a})${q}`),
    tie('node').map(a => `(${a})`),
  ),
})).node
const subject = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', ' '), maxLength: 8 })

test('matches what the native engine matches', () => {
  fc.assert(
    fc.property(pattern, subject, (source, text) => {
      const ours = guardedRegex(source)
      assert.equal(ours.matchesWhole(text), new RegExp(`^(?:${source})$`).test(text), 'whole')
      assert.equal(ours.found(text), new RegExp(source).test(text), 'found')
      assert.equal(ours.replaceAll(text, '<$0>'), text.replace(new RegExp(source, 'g'), '<$&>'), 'replace')
    }),
    { numRuns: 3000 },
  )
})

test('groups, escapes and case', () => {
  assert.equal(guardedRegex('(\\w+)@(\\w+)').replaceAll('a@b c@d', '$2 at $1'), 'b at a d at c')
  assert.equal(guardedRegex('(a)|(b)').replaceAll('ab', '[$1$2]'), '[a][b]')
  assert.equal(guardedRegex('(a)').replaceAll('a', '$12'), 'a2')
  assert.equal(guardedRegex('a').replaceAll('aa', '\\$1'), '$1$1')
  assert.ok(guardedRegex('(?i)[a-c]X').matchesWhole('Bx'))
  assert.ok(!guardedRegex('(?i)[^a]').matchesWhole('A'))
  assert.ok(guardedRegex('\\x41\\u0042\\.').matchesWhole('AB.'))
  assert.ok(guardedRegex('[\\]\\-a]+').matchesWhole(']-a'))
  assert.ok(guardedRegex('/api/(?<id>[0-9]+)').matchesWhole('/api/12'))
})

test('flags and properties of characters', () => {
  const whole = (pattern: string, flags: string, text: string) =>
    flaggedRegex(pattern, flags, 1000).matchesWhole(text)
  assert.ok(whole('a.b', 's', 'a\nb') && !whole('a.b', '', 'a\nb'))
  assert.ok(whole('(?is)A.b', '', 'a\nB'))
  assert.ok(whole('é', 'iu', 'É') && !whole('é', 'i', 'É'))
  assert.equal(flaggedRegex('^.', 'm', 1000).replaceAll('ab\ncd\n', '-'), '-b\n-d\n')
  assert.equal(flaggedRegex('b$', 'm', 1000).replaceAll('ab\nb', '-'), 'a-\n-')
  assert.ok(whole('\\p{L}+', '', 'aé') && !whole('\\p{Lu}', '', 'a') && whole('[\\P{L}a]+', '', '1a'))
  assert.throws(() => flaggedRegex('a', 'x', 1), UnsupportedPattern)
  assert.throws(() => flaggedRegex('\\p{Nope}', '', 1), UnsupportedPattern)
  assert.throws(() => flaggedRegex('(?:a*b)|a', '', 1000).replaceAll('a'.repeat(1000), ''), RangeError)
})

test('careless patterns stay quick', () => {
  const text = `${'a'.repeat(5000)}!`
  const before = performance.now()
  for (const source of ['(a+)+', '(a|a)*b', '.*.*.*x', '(?:a*)*c', '([a-z]+)*\\d'])
    assert.equal(guardedRegex(source).matchesWhole(text), false)
  assert.equal(guardedRegex('(a{0,30}){30}').matchesWhole('a'.repeat(900)), true)
  assert.ok(performance.now() - before < 3000)
})

test('a large pattern over a long text ends with an error, and ordinary ones do not', () => {
  const text = 'a'.repeat(16_384)
  for (const source of ['.{1,900}x', '[a-z]{1,500}foo', '(?:.{0,20}){30}x']) {
    const before = performance.now()
    assert.throws(() => guardedRegex(source).found(text), RangeError, source)
    assert.ok(performance.now() - before < 2000, source)
  }
  const endless = '.*(?:.{0,20}){30}x'
  assert.throws(() => guardedRegex(endless).matchesWhole(text), RangeError)
  assert.equal(patternTest(endless)(text), false)
  const long = `${text}!`.repeat(40)
  assert.equal(guardedRegex('.*foo.*bar.*').found(long), false)
  assert.equal(guardedRegex('[a-z]{1,60}!').found(long), true)
  assert.equal(guardedRegex('(?:one|two|three|four|five|a|!)*').matchesWhole(long), true)
})

test('what cannot be linear is refused when compiled', () => {
  for (const source of [
    '(?=a)',
    '(?<!a)b',
    '(a)\\1',
    'a*+',
    '(',
    ')',
    '[',
    '*',
    'a{2,1}',
    'a{9999}',
    '\\',
    '(?x)a',
    '[a&&b]',
    'a**',
  ])
    assert.throws(() => guardedRegex(source), UnsupportedPattern, source)
  assert.throws(() => guardedRegex('a').replaceAll('a', '$1'), RangeError)
  assert.throws(() => guardedRegex('a').replaceAll('a'.repeat(100), 'x'.repeat(100), 1000), RangeError)
})
