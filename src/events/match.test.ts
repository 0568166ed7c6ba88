import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { UnsupportedPattern } from '../expression/index.ts'
import { wildcard } from '../expression/index.ts'
import { compileMatch } from './match.ts'

const event = {
  '@type': 'GatewayEvent',
  status: 204,
  method: 'GET',
  err: false,
  tags: ['a', 'b'],
  to: { host: 'api.test', scheme: 'https' },
  identity: null,
  headers: [{ key: 'Host', value: 'api.test' }],
}

/** Predicate → whether it accepts the event. */
const cases: [string, unknown, boolean][] = [
  ['nothing asked', {}, true],
  ['a text', { method: 'GET' }, true],
  ['another text', { method: 'POST' }, false],
  ['a number', { status: 204 }, true],
  ['a number as text', { status: '204' }, false],
  ['a flag', { err: false }, true],
  ['null, which never matches', { identity: null }, false],
  ['an absent field', { nothing: 'x' }, false],
  ['all of several', { method: 'GET', status: 200 }, false],
  ['a list', { tags: ['a', 'b'] }, true],
  ['a list in another order', { tags: ['b', 'a'] }, false],
  ['a nested object', { to: { host: 'api.test' } }, true],
  ['a nested object that differs', { to: { host: 'other.test' } }, false],
  ['an object where there is none', { method: { host: 'x' } }, false],
  ['$wildcard', { '@type': { $wildcard: 'Gate*Event' } }, true],
  ['$wildcard that is longer', { '@type': { $wildcard: 'Gate*Eventually' } }, false],
  ['$wildcard of a number', { status: { $wildcard: '*' } }, false],
  ['$regex', { method: { $regex: 'G.T' } }, true],
  ['$regex of a part', { method: { $regex: 'G' } }, false],
  ['$gt', { status: { $gt: 203 } }, true],
  ['$gt at the limit', { status: { $gt: 204 } }, false],
  ['$gte', { status: { $gte: 204 } }, true],
  ['$lt', { status: { $lt: 204 } }, false],
  ['$lte', { status: { $lte: 204 } }, true],
  ['$lte of a text', { method: { $lte: 5 } }, false],
  ['$between', { status: { $between: { min: 203, max: 205 } } }, true],
  ['$between at the limit', { status: { $between: { min: 204, max: 205 } } }, false],
  ['$betweene at the limit', { status: { $betweene: { min: 204, max: 204 } } }, true],
  ['$and', { status: { $and: [{ $gt: 200 }, { $lt: 300 }] } }, true],
  ['$or of values', { status: { $or: [200, 204] } }, true],
  ['$or of predicates on the event', { $or: [{ method: 'PUT' }, { status: 204 }] }, true],
  ['$nor', { status: { $nor: [200, 204] } }, false],
  ['$in', { status: { $in: [200, 204] } }, true],
  ['$nin', { status: { $nin: [200, 204] } }, false],
  ['$nin of an absent field', { nothing: { $nin: [1] } }, false],
  ['$size', { tags: { $size: 2 } }, true],
  ['$contains in a list', { tags: { $contains: 'b' } }, true],
  ['$contains of an object in a list', { headers: { $contains: { key: 'Host', value: 'api.test' } } }, true],
  ['$contains with a dotted key', { $contains: { key: 'to.host', value: 'api.test' } }, true],
  ['$all', { tags: { $all: ['b', 'a'] } }, true],
  ['$all with one missing', { tags: { $all: ['a', 'c'] } }, false],
  ['$not', { status: { $not: { $gt: 300 } } }, true],
  ['$eq', { status: { $eq: 204 } }, true],
  ['$eq of an object', { to: { $eq: { host: 'api.test' } } }, true],
  ['$ne', { status: { $ne: 204 } }, false],
  ['$ne of an absent field', { nothing: { $ne: 1 } }, false],
  ['$exists', { to: { $exists: 'host' } }, true],
  ['$exists of what is not there', { to: { $exists: 'port' } }, false],
  ['an operator nobody knows', { status: { $like: 204 } }, false],
  ['a name every object inherits', { constructor: { $exists: 'name' } }, false],
  ['something that is no predicate', 'GatewayEvent', false],
]

/** What cannot be compiled is told when the exporter starts. */
function compiled(predicate: unknown): (value: unknown) => boolean {
  try {
    return compileMatch(predicate)
  } catch (error) {
    assert.ok(error instanceof UnsupportedPattern)
    return () => false
  }
}

describe('filtering', () => {
  for (const [name, predicate, accepts] of cases)
    it(`${accepts ? 'accepts' : 'rejects'}: ${name}`, () => {
      assert.equal(compileMatch(predicate)(event), accepts)
    })

  it('never throws, whatever is asked of whatever', () => {
    const operators = cases.flatMap(([, predicate]) => JSON.stringify(predicate).match(/\$\w+/g) ?? [])
    const key = fc.oneof(fc.constantFrom(...operators, 'status', 'to', 'tags'), fc.string())
    const json = fc.letrec(tie => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(null, true, 1, 'a', '(', '*'),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 3 }),
      ),
    })).value
    fc.assert(
      fc.property(json, json, (predicate, value) => {
        assert.equal(typeof compiled(predicate)(value), 'boolean')
      }),
      { numRuns: 3000 },
    )
  })

  it('refuses an expression that is none, or needs backtracking', () => {
    for (const wrong of ['(', '(?=a)b', '(a)\\1'])
      assert.throws(() => compileMatch({ url: { $not: { $regex: wrong } } }), UnsupportedPattern)
  })

  it('takes no time over careless patterns', () => {
    const start = performance.now()
    const careless = compileMatch({ url: { $regex: '(a+)+' } })
    assert.equal(careless({ url: `${'a'.repeat(4000)}!` }), false)
    assert.equal(careless({ url: 'aaa' }), true)
    assert.ok(performance.now() - start < 1000)
  })
})

it('a wildcard means what a regular expression means', () => {
  const character = fc.constantFrom('a', 'b', '*')
  const text = fc.array(fc.constantFrom('a', 'b'), { maxLength: 8 }).map(list => list.join(''))
  fc.assert(
    fc.property(
      fc.array(character, { maxLength: 6 }).map(list => list.join('')),
      text,
      (pattern, subject) => {
        const expected = new RegExp(`^${pattern.replace(/\*+/g, '.*')}$`).test(subject)
        assert.equal(wildcard(pattern)(subject), expected, `${pattern} on ${subject}`)
      },
    ),
    { numRuns: 2000 },
  )
})
