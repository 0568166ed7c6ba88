import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Attempts } from './attempts.ts'

function clocked() {
  let now = 1_000_000
  const attempts = new Attempts(() => now)
  return { attempts, pass: (ms: number) => (now += ms) }
}

test('a handful of failures costs nothing, then each wait is twice as long, up to a minute', () => {
  const { attempts, pass } = clocked()
  for (let i = 0; i < 5; i++) assert.equal(attempts.begin('m', 'bob', '10.0.0.1'), 0)
  const waits: number[] = []
  for (let i = 0; i < 9; i++) {
    const wait = attempts.begin('m', 'bob', '10.0.0.1')
    waits.push(wait)
    pass(wait * 1000)
    assert.equal(attempts.begin('m', 'bob', '10.0.0.1'), 0)
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60])
})

test('many at once are counted before they are judged', () => {
  const { attempts } = clocked()
  const judged = Array.from({ length: 100 }, () => attempts.begin('m', 'bob', '10.0.0.1')).filter(
    w => w === 0,
  )
  assert.equal(judged.length, 5)
})

test('the owner of a name gets in from elsewhere while somebody guesses', () => {
  const { attempts } = clocked()
  for (let i = 0; i < 20; i++) attempts.begin('m', 'bob', '10.0.0.1')
  assert.equal(attempts.begin('m', 'bob', '10.0.0.2'), 0)
})

test('who has got in from a network before does not wait for what others try elsewhere', () => {
  const { attempts, pass } = clocked()
  attempts.begin('m', 'bob', '10.0.0.2')
  attempts.succeeded('m', 'bob', '10.0.0.2')
  for (let i = 0; i < 200; i++) attempts.begin('m', 'bob', `10.${i}.0.1`)
  assert.ok(attempts.begin('m', 'bob', '10.3.0.2') > 0)
  assert.equal(attempts.begin('m', 'bob', '10.0.0.2'), 0)
  for (let i = 0; i < 4; i++) attempts.begin('m', 'bob', '10.0.0.2')
  assert.ok(attempts.begin('m', 'bob', '10.0.0.2') > 0, 'guessing there is slowed down all the same')
  pass(31 * 24 * 60 * 60_000)
  for (let i = 0; i < 60; i++) attempts.begin('m', 'bob', `10.${i}.0.1`)
  assert.ok(attempts.begin('m', 'bob', '10.0.0.2') > 0, 'not for ever')
})

test('one address cannot try many names, nor many addresses one name, nor is letter case a way around', () => {
  const { attempts } = clocked()
  for (let i = 0; i < 30; i++) assert.equal(attempts.begin('m', `user${i}`, '10.0.0.1'), 0)
  assert.ok(attempts.begin('m', 'another', '10.0.0.1') > 0)
  for (let i = 0; i < 50; i++) assert.equal(attempts.begin('m', i % 2 ? 'Carol' : 'carol ', `10.1.0.${i}`), 0)
  assert.ok(attempts.begin('m', 'carol', '10.2.0.1') > 0)
})

test('an IPv6 network of 64 bits is one address', () => {
  const { attempts } = clocked()
  for (let i = 0; i < 5; i++) attempts.begin('m', 'bob', `2001:db8:1:2::${i}`)
  assert.ok(attempts.begin('m', 'bob', '2001:db8:1:2:ffff::1') > 0)
  assert.equal(attempts.begin('m', 'bob', '2001:db8:1:3::1'), 0)
  for (let i = 1; i < 6; i++) attempts.begin('m', 'eve', `2001:db8::${i}`)
  assert.ok(attempts.begin('m', 'eve', '2001:db8::9:1') > 0)
})

test('who gets in is forgiven, and what is long ago is forgotten', () => {
  const { attempts, pass } = clocked()
  for (let i = 0; i < 5; i++) attempts.begin('m', 'bob', '10.0.0.1')
  attempts.succeeded('m', 'bob', '10.0.0.1')
  assert.equal(attempts.begin('m', 'bob', '10.0.0.1'), 0)
  for (let i = 0; i < 10; i++) attempts.begin('m', 'eve', '10.0.0.3')
  pass(15 * 60_000 + 1)
  assert.equal(attempts.begin('m', 'eve', '10.0.0.3'), 0)
})

test('memory is bounded whatever names and addresses come', () => {
  const { attempts } = clocked()
  for (let i = 0; i < 15_000; i++)
    attempts.begin('m', `user${i}`, `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)
  assert.ok(attempts.size <= 30_000 && attempts.size > 20_000)
})
