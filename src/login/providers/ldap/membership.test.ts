import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { filterValue, plainName, splitName, userFilter } from './escape.ts'
import { Membership, type Searched } from './membership.ts'

const places = { searchBase: 'dc=x', userBase: 'ou=people,dc=x' }

/** A directory that answers by base and filter, and remembers what it was asked. */
function directory(answer: (base: string, filter: string) => readonly object[]) {
  const asked: string[] = []
  const search: Searched['search'] = async (base, most, { filter }) => {
    asked.push(`${base} ${String(filter)}`)
    return answer(base, String(filter)).slice(0, most) as never
  }
  return { asked, search }
}

describe('groups in groups', () => {
  it('are asked for by the rule of Active Directory where the server has it', async () => {
    const capable = { dn: '', supportedCapabilities: ['1.2.840.113556.1.4.800', '1.2.3'] }
    const chain = '(member:1.2.840.113556.1.4.1941:=cn=a \\28b\\29,dc=x)'
    const server = directory((base, filter) => {
      if (base === '') return [capable]
      return base === 'cn=top,dc=x' && filter === chain ? [{ dn: base }] : []
    })
    const membership = new Membership(server, places, 'cn=a (b),dc=x', true)
    assert.equal(await membership.isIn('cn=top,dc=x'), true)
    assert.equal(await membership.isIn('cn=other,dc=x'), false)
    assert.ok(
      server.asked.every(line => !line.startsWith('dc=x ')),
      'nothing was walked',
    )
  })

  it('are walked within bounds, whatever the directory holds', async () => {
    let made = 0
    const endless = directory((base, filter) => {
      if (base !== 'dc=x') return []
      return filter.includes('member=')
        ? Array.from({ length: 300 }, () => ({ dn: `cn=g${++made},dc=x` }))
        : []
    })
    const membership = new Membership(endless, places, 'uid=a,ou=people,dc=x', true)
    assert.equal(await membership.isIn('cn=never,dc=x'), false)
    assert.ok(endless.asked.length < 60, String(endless.asked.length))
  })

  it('have members by uid only where users are', async () => {
    const of = (dn: string) => {
      const server = directory(() => [])
      return new Membership(server, places, dn, false).isIn('cn=g,dc=x').then(() => server.asked.join())
    }
    assert.match(await of('UID=a*, OU=people, DC=x'), /memberUid=a\\2a\)/)
    for (const dn of [
      'uid=a,ou=others,dc=x',
      'uid=a,ou=deeper,ou=people,dc=x',
      'cn=a,ou=people,dc=x',
      'uid=a+cn=b,ou=people,dc=x',
    ])
      assert.doesNotMatch(await of(dn), /memberUid/, dn)
  })
})

describe('texts of users', () => {
  it('are values in filters', () => {
    assert.equal(filterValue('a*(b)\\c\0ü'), 'a\\2a\\28b\\29\\5cc\\00ü')
    assert.equal(userFilter('(|(uid=${username})(mail=${username}))', '$&)'), '(|(uid=$&\\29)(mail=$&\\29))')
  })

  it('are read out of names as they were', () => {
    assert.deepEqual(splitName('cn=Smith\\, J\\2b\\C3\\BC,dc=x'), {
      type: 'cn',
      value: 'Smith, J+ü',
      rest: 'dc=x',
    })
    assert.equal(splitName('nothing'), null)
    assert.equal(plainName('UID=a, OU = b'), 'uid=a,ou=b')
  })
})
