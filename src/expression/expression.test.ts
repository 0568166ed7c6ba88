import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileExpression, EmptyContext, isConstant, namesVault } from './index.ts'
import { Full, KeyOnly, settings, values } from './testing/contexts.ts'

test('an absent object reads as bad-expr, and nothing outside is reachable unless it is given', () => {
  const context = new EmptyContext()
  for (const name of [
    'req.path',
    'req.headers.x:d',
    'route.id',
    "route.domains['0':'d']",
    'apikey.id',
    'apikey.metadata.a:d',
    'user.name',
    'user.profile.x:d',
    'in_jwt.x:d',
    'consumer.id',
    'env.HOME',
    'env.HOME:d',
    'config.a:d',
    'vault://a/b',
    'global_config.metadata.a',
    'apikeyjwt.a',
    'req.id',
  ])
    assert.equal(compileExpression(`\${${name}}`)(context), 'bad-expr', name)
  assert.equal(
    compileExpression('${consumer.kind}${consumer.json}')(context),
    'public{"kind":"public","consumer":null}',
  )
})

test('a key without a user is the consumer', () => {
  const text = '${consumer.id} ${consumer.long_id} ${consumer.kind} ${consumer.metadata.plan}'
  assert.equal(compileExpression(text)(new KeyOnly()), 'cid cid apikey gold')
})

test('a text that needs a vault is known, one that has something else in case is not', () => {
  assert.ok(namesVault('Bearer ${vault://local/token}'))
  assert.ok(!namesVault('${vault://local/token || env.TOKEN}'))
  assert.ok(!namesVault('vault://local/token'))
})

test('replacing ends, whatever the pattern and the text', () => {
  const before = performance.now()
  for (const pattern of ['(a+)+b', '(a|aa)+$', 'a.*b|a', '([a-z]+)*!', '(a?)(a?)(a?)(a?)(a?)aaaaab']) {
    const text = `\${token.most.replaceAll('${pattern}','x')}`
    class Holding extends EmptyContext {
      override value() {
        return 'a'.repeat(4096)
      }
    }
    const result = compileExpression(text)(new Holding())
    assert.ok(result === text || result.length <= 4096, pattern)
  }
  assert.ok(performance.now() - before < 10_000)
})

test('what is added is bounded', () => {
  const compiled = compileExpression('${token.long} ${token.long} ${req.path}', { maxLength: 6000 })
  assert.equal(compiled(new Full()), `${values['long']} bad-expr /a/b`)
  const nested = `\${${'date_el('.repeat(50)}now${').epoch_ms'.repeat(50)}}`
  assert.equal(typeof compileExpression(nested)(new Full()), 'string')
})

test('a context that fails leaves the text as it is', () => {
  class Failing extends EmptyContext {
    override get request(): never {
      throw new Error('broken')
    }
  }
  assert.equal(compileExpression('x ${req.path}')(new Failing()), 'x ${req.path}')
})

test('constant texts are known before anything is compiled', () => {
  assert.ok(isConstant(''))
  assert.ok(isConstant('$ { } ${'))
  assert.ok(!isConstant('a ${b} c'))
})

test('never throws, and inserted values are never evaluated', () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.constantFrom(
      '${',
      '}',
      '||',
      '::',
      ':',
      "['",
      "']",
      '.',
      'req.',
      'headers.',
      'token.',
      'date',
      '(',
      ')',
      'format',
      'ctx.sub',
      'replaceAll',
      "('",
      "','",
      "')",
    ),
    fc.constantFrom(
      '${req.headers.x-evil}',
      '${token.sub}',
      "${route.domains['3']}",
      '${date(2020-01-02)}',
      '${a || env.HOME}',
      "${token.sub.replaceAll('[a-z]+', '<$0>')}",
      '${apikeyjwt.$.a.b[0]}',
      '${config.app.domain}',
    ),
  )
  const texts = fc.array(piece, { maxLength: 8 }).map(pieces => pieces.join(''))
  const context = new Full()
  fc.assert(
    fc.property(texts, text => {
      const result = compileExpression(text, settings)(context)
      assert.equal(typeof result, 'string')
      if (isConstant(text)) assert.equal(result, text)
      if (!text.includes('SECRET')) assert.ok(!result.includes('env-secret'))
    }),
    { numRuns: 2000 },
  )
  fc.assert(
    fc.property(fc.string(), value => {
      class Holding extends EmptyContext {
        override value() {
          return value
        }
      }
      assert.equal(compileExpression('<${ctx.v}>', settings)(new Holding()), `<${value}>`)
    }),
  )
})
