import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readDirectives, readTargeted } from './cache-control.ts'

test('directives are read without case, over several lines', () => {
  const read = readDirectives(['MaX-aGe=60, foo', ' No-Store'])
  assert.equal(read.seconds('max-age'), 60)
  assert.equal(read.has('foo'), true)
  assert.equal(read.has('no-store'), true)
  assert.equal(read.has('public'), false)
  assert.equal(read.seconds('s-maxage'), null)
})

test('what stands in quotes is no directive', () => {
  const read = readDirectives(['extension="max-age=3600, no-store", max-age=1', 'a="b\\", private"'])
  assert.equal(read.seconds('max-age'), 1)
  assert.equal(read.has('no-store'), false)
  assert.equal(read.has('private'), false)
})

test('a number that cannot be read is zero, of several the smallest counts', () => {
  for (const [line, seconds] of [
    ['max-age=-3600', 0],
    ['max-age=1.5', 0],
    ['max-age', 0],
    ['max-age =100', 0],
    ['max-age="3600"', 3600],
    ['max-age=1800, max-age=1', 1],
    ['max-age=1, max-age=1800', 1],
    ['max-age=99999999999', 2_147_483_648],
    ['max-age=10, max-age=x', 0],
  ] as const)
    assert.equal(readDirectives([line]).seconds('max-age'), seconds, line)
})

test('fields are named by some directives', () => {
  assert.deepEqual(readDirectives(['no-cache="Set-Cookie, A"']).fields('no-cache'), ['set-cookie', 'a'])
  assert.equal(readDirectives(['no-cache']).fields('no-cache'), null)
  assert.equal(readDirectives(['no-cache="a", no-cache']).fields('no-cache'), null)
  assert.deepEqual(readDirectives(['private="a"', 'private="b"']).fields('private'), ['a', 'b'])
})

test('what cannot be read hides nothing behind it', () => {
  for (const line of [
    '=x, no-store',
    '"a, no-store", no-store',
    ',,, no-store',
    'a==b, no-store',
    '\u0080=", no-store',
  ])
    assert.equal(readDirectives([line]).has('no-store'), true, line)
})

test('long nonsense is read in a short time', () => {
  const read = readDirectives([`${'a="'.repeat(20_000)}, max-age=5`, `${'='.repeat(60_000)},no-store`])
  assert.equal(read.has('no-store'), true)
})

test('a field for caches like this one is a dictionary, or counts for nothing', () => {
  const seconds = (line: string) => readTargeted([line])?.seconds('max-age') ?? null
  assert.equal(seconds('max-age=10'), 10)
  assert.equal(seconds('foobar, max-age=3600;x=1'), 3600)
  assert.equal(seconds('a="b, \\" c", max-age=5'), 5)
  for (const line of [
    'max-age=10, &&&&&',
    'max-age="10"',
    'max-age',
    'max-age =10',
    'max-age= 10',
    'MaX-aGe=9',
    '',
  ])
    assert.equal(seconds(line), null, line)
  assert.equal(readTargeted([]), null)
  assert.equal(readTargeted([`${'a='.repeat(30_000)}`]), null)
})
