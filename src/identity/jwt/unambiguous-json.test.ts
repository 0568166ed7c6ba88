import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readObject } from './unambiguous-json.ts'

test('an object is read as JSON has it', () => {
  assert.deepEqual(readObject('{"a":{"b":[1,{"a":2}]},"c":"{\\"a\\":1,\\"a\\":2}","d":":"}'), {
    a: { b: [1, { a: 2 }] },
    c: '{"a":1,"a":2}',
    d: ':',
  })
  assert.deepEqual(readObject(' { "a" : "\\\\" , "b" : "\\"" } '), { a: '\\', b: '"' })
})

for (const [what, text] of [
  ['a name twice', '{"sub":"a","sub":"b"}'],
  ['a name twice in two spellings', '{"sub":"a","s\\u0075b":"b"}'],
  ['a name twice further down', '{"a":[{"b":{"c":1,"c":1}}]}'],
  ['a name twice with spaces', '{"a" \n: 1, "a"\t: 2}'],
  ['a list', '[1]'],
  ['a text', '"a"'],
  ['null', 'null'],
  ['no JSON', '{a:1}'],
  ['nothing', ''],
  ['more behind it', '{"a":1}{"a":2}'],
  ['objects inside each other without end', `{"a":${'['.repeat(80)}${']'.repeat(80)}}`],
] as const)
  test(`refused: ${what}`, () => assert.equal(readObject(text), null))

test('a name of every object is one like others', () => {
  const read = readObject('{"__proto__":{"admin":true},"constructor":1}')!
  assert.deepEqual(Object.keys(read), ['__proto__', 'constructor'])
  assert.equal('admin' in read, false)
})
