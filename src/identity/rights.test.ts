import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Access, Rights } from './rights.ts'

const on = (rights: unknown, tenant: string, teams: string[], access: Access): boolean =>
  Rights.read(rights).on({ tenant, teams }, access)

describe('rights', () => {
  it('grant what their organization and one of the teams grants', () => {
    const rights = [{ tenant: 'a:rw', teams: ['t1:rw', 't2:r'] }]
    assert.equal(on(rights, 'a', ['t1'], 'rw'), true)
    assert.equal(on(rights, 'a', ['t2'], 'r'), true)
    assert.equal(on(rights, 'a', ['t2'], 'rw'), false)
    assert.equal(on(rights, 'a', ['t2', 't1'], 'rw'), true)
    assert.equal(on(rights, 'a', [], 'r'), false)
    assert.equal(on(rights, 'b', ['t1'], 'r'), false)
  })

  it('take the organization and the team from the same right', () => {
    const rights = [
      { tenant: 'a:rw', teams: ['t1:r'] },
      { tenant: 'b:r', teams: ['t1:rw'] },
    ]
    assert.equal(on(rights, 'a', ['t1'], 'rw'), false)
    assert.equal(on(rights, 'b', ['t1'], 'rw'), false)
  })

  it('read names without suffix as rw, and stars as anything', () => {
    const rights = [{ tenant: 'team-*', teams: ['*-x-*', 'y*'] }]
    assert.equal(on(rights, 'team-', ['a-x-b'], 'rw'), true)
    assert.equal(on(rights, 'tea', ['a-x-b'], 'r'), false)
    assert.equal(on(rights, 'team-1', ['-x'], 'r'), false)
    assert.equal(on(rights, 'team-1', ['y'], 'rw'), true)
    assert.equal(on(rights, 'team-1', ['*'], 'r'), false)
  })

  it('are void where a name is excluded', () => {
    assert.equal(on([{ tenant: 'a', teams: ['*', 'secret:not'] }], 'a', ['secret'], 'r'), false)
    assert.equal(on([{ tenant: 'a', teams: ['*', 'secret:not'] }], 'a', ['other'], 'rw'), true)
    const rights = [
      { tenant: '*', teams: ['*'] },
      { tenant: 'b:not', teams: [] },
    ]
    assert.equal(on(rights, 'b', ['t'], 'r'), false)
    assert.equal(on(rights, 'a', ['t'], 'rw'), true)
    assert.equal(Rights.read(rights).isSuper, false)
  })

  it('that cannot be read grant nothing', () => {
    const good = { tenant: '*', teams: ['*'] }
    for (const bad of [
      undefined,
      null,
      'x',
      '{}',
      5,
      {},
      [null],
      [good, { tenant: 'a' }],
      [{ tenant: 'a:admin', teams: ['*'] }],
      [{ tenant: ':rw', teams: ['*'] }],
      [{ tenant: 'a', teams: [5] }],
      [{ tenant: 'x'.repeat(501), teams: ['*'] }],
    ]) {
      assert.equal(Rights.read(bad).isNothing, true, JSON.stringify(bad))
      assert.equal(Rights.read(bad).isSuper, false)
    }
    assert.equal(Rights.read(JSON.stringify([good])).isSuper, true)
  })

  it('are read in every spelling that an Otoroshi writes and reads', () => {
    const one = (tenant: string, ...teams: string[]) => Rights.read([{ tenant, teams }])
    const on = (rights: Rights) => [
      rights.on({ tenant: 'acme', teams: ['ops'] }, 'r'),
      rights.on({ tenant: 'acme', teams: ['ops'] }, 'rw'),
    ]
    const both = [true, true]
    const reads = [true, false]
    const neither = [false, false]
    for (const text of ['acme', 'acme:rw', ' Acme : RW ', 'ACME:wr', 'acme:read-write']) {
      assert.deepEqual(on(one(text, '*')), both, text)
      assert.deepEqual(on(one('acme', text.replace(/acme/i, 'ops'))), both, text)
    }
    for (const text of ['acme:r', 'acme: R', 'Acme:read']) assert.deepEqual(on(one(text, '*')), reads, text)
    for (const text of ['acme:', 'acme: ', 'acme:w', 'acme:x', 'acme:not', 'other:rw'])
      assert.deepEqual(on(one(text, '*')), neither, text)
    // Who is kept out of something cannot give it in capitals.
    const excepted = Rights.read([
      { tenant: '*:rw', teams: ['*:rw', 'Ops:not'] },
      { tenant: 'secret:not', teams: [] },
    ])
    for (const given of [
      { tenant: 'Secret:rw', teams: ['x:rw'] },
      { tenant: 'a', teams: ['OPS:rw'] },
    ])
      assert.equal(excepted.covers(Rights.read([given])), false, JSON.stringify(given))
    // What grants nothing takes nothing away from its neighbours; `not` does.
    assert.deepEqual(on(one('acme', 'ops:rw', 'others:')), both)
    assert.deepEqual(on(one('acme', 'ops:', 'ops:rw')), both)
    assert.deepEqual(on(one('acme', 'ops:not', 'ops:rw')), neither)
    assert.equal(
      Rights.read([
        { tenant: '*:rw', teams: ['*:rw'] },
        { tenant: 'x:', teams: [] },
      ]).isSuper,
      true,
    )
    assert.equal(one('acme:', 'ops').isNothing, true)
    assert.equal(one('acme', 'ops:').isNothing, true)
  })

  it('of an organization make its administrator only when no team is left out', () => {
    assert.equal(Rights.read([{ tenant: 'a', teams: ['*'] }]).administers('a'), true)
    assert.equal(Rights.read([{ tenant: 'a', teams: ['*', 'b:not'] }]).administers('a'), false)
    assert.equal(Rights.read([{ tenant: 'a', teams: ['*:r'] }]).administers('a'), false)
    assert.equal(Rights.read([{ tenant: 'a', teams: ['t'] }]).administers('a'), false)
  })

  const access = fc.constantFrom('', ':r', ':rw', ':not', ':', ' :RW')
  const pattern = fc
    .tuple(fc.constantFrom('a', 'b', 'ab', '*', 'a*', '*b', 'A', 'Ab', 'A*'), access)
    .map(([name, suffix]) => name + suffix)
  const list = fc.array(fc.record({ tenant: pattern, teams: fc.array(pattern, { maxLength: 3 }) }), {
    maxLength: 3,
  })

  it('cover others only when nothing is granted by those that is not granted by these', () => {
    const names = ['a', 'b', 'ab', 'abb', 'c', '*', 'A', 'Ab']
    let covered = 0
    fc.assert(
      fc.property(list, list, (mine, theirs) => {
        const [own, other] = [Rights.read(mine), Rights.read(theirs)]
        if (!own.covers(other)) return
        covered++
        for (const tenant of names)
          for (const team of names)
            for (const wanted of ['r', 'rw'] as const)
              assert.ok(
                !other.on({ tenant, teams: [team] }, wanted) || own.on({ tenant, teams: [team] }, wanted),
                `${tenant}/${team} ${wanted}`,
              )
      }),
      { numRuns: 20_000 },
    )
    assert.ok(covered > 500, `${covered} covered`)
  })
})
