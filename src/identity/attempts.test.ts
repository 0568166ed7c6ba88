import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Attempts } from './attempts.ts'

function clocked() {
  let now = 1_000_000
  const attempts = new Attempts(() => now)
  return {
    attempts,
    begin: (...who: Parameters<Attempts['begin']>): number => attempts.begin(...who).wait,
    pass: (ms: number) => (now += ms),
  }
}

test('a handful of failures costs nothing, then each wait is twice as long, up to a minute', () => {
  const { begin, pass } = clocked()
  for (let i = 0; i < 5; i++) assert.equal(begin('m', 'bob', '10.0.0.1'), 0)
  const waits: number[] = []
  for (let i = 0; i < 9; i++) {
    const wait = begin('m', 'bob', '10.0.0.1')
    waits.push(wait)
    pass(wait * 1000)
    assert.equal(begin('m', 'bob', '10.0.0.1'), 0)
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60])
})

test('many at once are counted before they are judged', () => {
  const { begin } = clocked()
  const judged = Array.from({ length: 100 }, () => begin('m', 'bob', '10.0.0.1')).filter(w => w === 0)
  assert.equal(judged.length, 5)
})

test('the owner of a name gets in from elsewhere while somebody guesses', () => {
  const { begin } = clocked()
  for (let i = 0; i < 20; i++) begin('m', 'bob', '10.0.0.1')
  assert.equal(begin('m', 'bob', '10.0.0.2'), 0)
})

test('who has got in from a network before does not wait for what others try elsewhere', () => {
  const { attempts, begin, pass } = clocked()
  attempts.begin('m', 'bob', '10.0.0.2').succeeded()
  for (let i = 0; i < 200; i++) begin('m', 'bob', `10.${i}.0.1`)
  assert.ok(begin('m', 'bob', '10.3.0.2') > 0)
  assert.equal(begin('m', 'bob', '10.0.0.2'), 0)
  for (let i = 0; i < 4; i++) begin('m', 'bob', '10.0.0.2')
  assert.ok(begin('m', 'bob', '10.0.0.2') > 0, 'guessing there is slowed down all the same')
  pass(31 * 24 * 60 * 60_000)
  for (let i = 0; i < 60; i++) begin('m', 'bob', `10.${i}.0.1`)
  assert.ok(begin('m', 'bob', '10.0.0.2') > 0, 'not for ever')
})

test('one address cannot try many names, nor many addresses one name, nor is letter case a way around', () => {
  const { begin } = clocked()
  for (let i = 0; i < 30; i++) assert.equal(begin('m', `user${i}`, '10.0.0.1'), 0)
  assert.ok(begin('m', 'another', '10.0.0.1') > 0)
  for (let i = 0; i < 50; i++) assert.equal(begin('m', i % 2 ? 'Carol' : 'carol ', `10.1.0.${i}`), 0)
  assert.ok(begin('m', 'carol', '10.2.0.1') > 0)
})

test('nor is what a directory takes for the same name: other widths, blanks, and what nobody sees', () => {
  const { begin } = clocked()
  const spellings = ['ada', 'a\u00ADda', 'a\u200Bda', '\uFF41da', ' Ada ', 'a\u2060d\uFEFFa']
  for (const name of spellings.slice(0, 5)) assert.equal(begin('m', name, '10.0.0.1'), 0)
  assert.ok(begin('m', spellings[5]!, '10.0.0.1') > 0)
  for (let i = 0; i < 5; i++) begin('m', i % 2 ? 'ada  lovelace' : 'ada lovelace', '10.0.0.2')
  assert.ok(begin('m', 'ada\tlovelace', '10.0.0.2') > 0)
})

test('an IPv6 network of 64 bits is one address', () => {
  const { begin } = clocked()
  for (let i = 0; i < 5; i++) begin('m', 'bob', `2001:db8:1:2::${i}`)
  assert.ok(begin('m', 'bob', '2001:db8:1:2:ffff::1') > 0)
  assert.equal(begin('m', 'bob', '2001:db8:1:3::1'), 0)
  for (let i = 1; i < 6; i++) begin('m', 'eve', `2001:db8::${i}`)
  assert.ok(begin('m', 'eve', '2001:db8::9:1') > 0)
})

test('who gets in is forgiven, and what is long ago is forgotten', () => {
  const { attempts, begin, pass } = clocked()
  for (let i = 0; i < 5; i++) attempts.begin('m', 'bob', '10.0.0.1').succeeded()
  assert.equal(begin('m', 'bob', '10.0.0.1'), 0)
  for (let i = 0; i < 10; i++) begin('m', 'eve', '10.0.0.3')
  pass(15 * 60_000 + 1)
  assert.equal(begin('m', 'eve', '10.0.0.3'), 0)
})

test('memory is bounded whatever names and addresses come', () => {
  const { attempts, begin } = clocked()
  for (let i = 0; i < 15_000; i++) begin('m', `user${i}`, `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)
  assert.ok(attempts.size <= 30_000 && attempts.size > 20_000)
})

test('failures among traffic that gets in fade', () => {
  const { attempts, begin, pass } = clocked()
  // One in ten is mistyped, in an office with one address.
  for (let minute = 0; minute < 600; minute++) {
    for (let i = 0; i < 9; i++) {
      const attempt = attempts.begin('m', `user${i}`, '10.0.0.1')
      assert.equal(attempt.wait, 0, `minute ${minute}`)
      attempt.succeeded()
    }
    assert.equal(begin('m', `user${minute % 100}`, '10.0.0.1'), 0, `minute ${minute}`)
    pass(60_000)
  }
})

test('who gets in does not make others wait longer: the last failure counts', () => {
  const { attempts, begin, pass } = clocked()
  for (let i = 0; i < 30; i++) begin('m', `user${i}`, '10.0.0.1')
  assert.equal(begin('m', 'ada', '10.0.0.1'), 1)
  pass(1000)
  for (let i = 0; i < 10; i++) attempts.begin('m', 'ada', '10.0.0.1').succeeded()
  assert.equal(begin('m', 'bob', '10.0.0.1'), 0)
})

test('what nobody could judge is no failure, but counts while it lasts', () => {
  const { attempts, begin } = clocked()
  const open = Array.from({ length: 5 }, () => attempts.begin('m', 'bob', '10.0.0.1'))
  assert.ok(begin('m', 'bob', '10.0.0.1') > 0)
  for (const attempt of open) attempt.undone()
  assert.equal(attempts.size, 0)
  for (let i = 0; i < 100; i++) attempts.begin('m', 'bob', '10.0.0.1').undone()
  assert.equal(begin('m', 'bob', '10.0.0.1'), 0)
})

test('an owner who shows his password without a counted try is at home, too', () => {
  const { attempts, begin, pass } = clocked()
  attempts.known('m', 'ada', '10.0.0.9')
  for (let i = 0; i < 200; i++) begin('m', 'ada', `10.1.${i}.1`)
  assert.equal(attempts.waitOf('m', 'ada', '10.0.0.9'), 0)
  assert.ok(attempts.waitOf('m', 'ada', '10.0.0.8') > 0)
  for (let i = 0; i < 4; i++) begin('m', 'ada', '10.0.0.9')
  attempts.known('m', 'ada', '10.0.0.9')
  for (let i = 0; i < 5; i++) assert.equal(begin('m', 'ada', '10.0.0.9'), 0, 'his own mistakes are forgotten')
  pass(31 * 24 * 60 * 60_000)
  for (let i = 0; i < 60; i++) begin('m', 'ada', `10.2.${i}.1`)
  assert.ok(attempts.waitOf('m', 'ada', '10.0.0.9') > 0, 'not for ever')
})

test('looking counts nothing', () => {
  const { attempts, begin } = clocked()
  for (let i = 0; i < 100; i++) assert.equal(attempts.waitOf('m', 'bob', '10.0.0.1'), 0)
  for (let i = 0; i < 5; i++) begin('m', 'bob', '10.0.0.1')
  assert.equal(attempts.waitOf('m', 'bob', '10.0.0.1'), 1)
  assert.equal(attempts.waitOf('m', 'bob', '10.0.0.2'), 0)
})
