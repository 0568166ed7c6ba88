import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Exchange } from '../plugin/index.ts'
import { jsonTemplate } from './json-template.ts'

const exchange = {} as Exchange
const times = { iat: 1, nbf: 2, exp: 3 }
/** `${x}` is `X`; `${exp}` is the placeholder of that time. */
const template = (text: string) => () =>
  text.replace(/\$\{([^}]*)\}/g, (_, inner: string) => (inner === 'exp' ? '{exp}' : inner.toUpperCase()))
const made = (value: unknown): unknown => jsonTemplate(value, template)(exchange, times)

test('JSON keeps its form: texts inside stay texts, and names are left alone', () => {
  assert.deepEqual(made({ '${a}': '${a}', list: ['${b}', 1, null, true, '7'], deep: { a: 'plain' } }), {
    '${a}': 'A',
    list: ['B', 1, null, true, '7'],
    deep: { a: 'plain' },
  })
  const hostile = made(JSON.parse('{"__proto__": "${a}"}')) as Record<string, unknown>
  assert.ok(Object.hasOwn(hostile, '__proto__') && Object.getPrototypeOf(hostile) === Object.prototype)
})

test('one text alone becomes what it is written like', () => {
  for (const [text, value] of [
    ['77', 77],
    ['-1.5', -1.5],
    ['true', true],
    ['false', false],
    ['null', null],
    ['${a}', 'A'],
    ['1e3', '1e3'],
    ['12345678901234567890', '12345678901234567890'],
    ['', ''],
  ] as const)
    assert.deepEqual(made(text), value, text)
})

test('times that the settings name become numbers', () => {
  assert.deepEqual(made({ a: '${exp}', b: '{iat}', c: 'at ${exp}' }), { a: 3, b: 1, c: 'at {exp}' })
  assert.equal(made('${exp}'), 3)
})
